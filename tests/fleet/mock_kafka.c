// librdkafka's mock cluster in a process of its own, for tests. Prints its brokers, and lives until its standard input ends.
//
// usage: mock_kafka TOPIC
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

int main(int argc, char** argv) {
    char error[256];
    if (argc != 2) return 2;
    rd_kafka_t* client =
        rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    if (client == NULL) {
        fprintf(stderr, "mock_kafka: %s\n", error);
        return 1;
    }
    rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(client, 3);
    if (cluster == NULL || rd_kafka_mock_topic_create(cluster, argv[1], 4, 3) != 0) return 1;
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
    return 0;
}
