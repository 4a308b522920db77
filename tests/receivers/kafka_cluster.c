/* librdkafka's mock cluster in a process of its own, and a consumer that tells what is in a topic.
 *
 * usage: kafka_cluster TOPIC
 *
 * Prints the brokers' addresses, then a line for each message: PARTITION KEY EVENT-ID MARK VALUE, with "-" where there
 * is no mark. Commands on standard input: down, up, slow, errors (of a leader that moves). Ends with its input. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { brokers = 3, partitions = 4 };

static rd_kafka_t *client(rd_kafka_type_t type, const char *addresses) {
    char trouble[256];
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    if (addresses) {
        rd_kafka_conf_set(configuration, "bootstrap.servers", addresses, trouble, sizeof trouble);
        rd_kafka_conf_set(configuration, "group.id", "test", trouble, sizeof trouble);
        rd_kafka_conf_set(configuration, "auto.offset.reset", "earliest", trouble, sizeof trouble);
        rd_kafka_conf_set(configuration, "log_level", "0", trouble, sizeof trouble);
        rd_kafka_conf_set(configuration, "reconnect.backoff.max.ms", "500", trouble, sizeof trouble);
    }
    return rd_kafka_new(type, configuration, trouble, sizeof trouble);
}

static void print_header(rd_kafka_headers_t *headers, const char *name) {
    const void *value = "-";
    size_t size = 1;
    if (headers) rd_kafka_header_get_last(headers, name, &value, &size);
    printf(" %.*s", (int)size, (const char *)value);
}

static void print_message(rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_message_headers(message, &headers);
    printf("%d %.*s", (int)message->partition, (int)message->key_len, (const char *)message->key);
    print_header(headers, "event_id");
    print_header(headers, "redelivered");
    printf(" %.*s\n", (int)message->len, (const char *)message->payload);
}

static void obey(rd_kafka_mock_cluster_t *cluster, const char *command) {
    for (int broker = 1; broker <= brokers; ++broker) {
        if (!strcmp(command, "down\n")) rd_kafka_mock_broker_set_down(cluster, broker);
        if (!strcmp(command, "up\n")) rd_kafka_mock_broker_set_up(cluster, broker);
        rd_kafka_mock_broker_set_rtt(cluster, broker, strcmp(command, "slow\n") ? 0 : 500);
    }
    if (!strcmp(command, "errors\n")) {
        for (int i = 0; i < 5; ++i) {
            rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                              RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
        }
    }
}

int main(int argc, char **argv) {
    char command[64];
    if (argc != 2) return 2;
    rd_kafka_t *owner = client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, brokers);
    rd_kafka_mock_topic_create(cluster, argv[1], partitions, brokers);
    const char *addresses = rd_kafka_mock_cluster_bootstraps(cluster);
    printf("%s\n", addresses);
    fflush(stdout);
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, addresses);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i) {
        rd_kafka_topic_partition_list_add(topics, argv[1], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    for (;;) {
        struct pollfd ready = {STDIN_FILENO, POLLIN, 0};
        if (poll(&ready, 1, 0) > 0) {
            ssize_t got = read(STDIN_FILENO, command, sizeof command - 1);
            if (got <= 0) return 0;
            command[got] = '\0';
            obey(cluster, command);
        }
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 50);
        if (message && !message->err) print_message(message);
        if (message) rd_kafka_message_destroy(message);
        fflush(stdout);
    }
}
