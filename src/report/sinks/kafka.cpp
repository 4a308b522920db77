// Kafka, by librdkafka: idempotent, acknowledged by all replicas, an event's key being its flow.
//
// The library repeats what gets lost, in order and without duplicates, for as long as it takes.
// What only this process knew to be on its way when it died is sent by the next one, marked.
#include <algorithm>
#include <utility>

#include "base/library.h"
#include "report/network_sink.h"
#include "report/sinks/sinks.h"

#ifdef UMBRATAP_KAFKA

#include <librdkafka/rdkafka.h>

namespace umbratap::report {

namespace {

/// librdkafka, opened when the first output asks for it.
struct Kafka {
    const Library library{"librdkafka.so.1", "librdkafka1"};
    decltype(::rd_kafka_conf_destroy)* conf_destroy = library.find("rd_kafka_conf_destroy");
    decltype(::rd_kafka_purge)* purge = library.find("rd_kafka_purge");
    decltype(::rd_kafka_destroy)* destroy = library.find("rd_kafka_destroy");
    decltype(::rd_kafka_poll)* poll = library.find("rd_kafka_poll");
    decltype(::rd_kafka_outq_len)* outq_len = library.find("rd_kafka_outq_len");
    decltype(::rd_kafka_conf_new)* conf_new = library.find("rd_kafka_conf_new");
    decltype(::rd_kafka_conf_set)* conf_set = library.find("rd_kafka_conf_set");
    decltype(::rd_kafka_conf_set_opaque)* conf_set_opaque =
        library.find("rd_kafka_conf_set_opaque");
    decltype(::rd_kafka_conf_set_dr_msg_cb)* conf_set_dr_msg_cb =
        library.find("rd_kafka_conf_set_dr_msg_cb");
    decltype(::rd_kafka_conf_set_error_cb)* conf_set_error_cb =
        library.find("rd_kafka_conf_set_error_cb");
    decltype(::rd_kafka_new)* make = library.find("rd_kafka_new");
    decltype(::rd_kafka_headers_new)* headers_new = library.find("rd_kafka_headers_new");
    decltype(::rd_kafka_header_add)* header_add = library.find("rd_kafka_header_add");
    decltype(::rd_kafka_producev)* producev = library.find("rd_kafka_producev");
    decltype(::rd_kafka_headers_destroy)* headers_destroy =
        library.find("rd_kafka_headers_destroy");
    decltype(::rd_kafka_err2str)* err2str = library.find("rd_kafka_err2str");

    static const Kafka& get() {
        static const Kafka one;
        return one;
    }
};

struct ConfigurationFree {
    void operator()(rd_kafka_conf_t* configuration) const {
        Kafka::get().conf_destroy(configuration);
    }
};
using Configuration = std::unique_ptr<rd_kafka_conf_t, ConfigurationFree>;

struct ProducerFree {
    // Without the purge the library would wait for a broker that is away.
    void operator()(rd_kafka_t* producer) const {
        Kafka::get().purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        Kafka::get().destroy(producer);
    }
};

class KafkaCarrier final : public Carrier {
public:
    KafkaCarrier(const Output& output, const OutputUrl& url, const Sender& sender)
        : output_(output),
          brokers_(url.host),
          topic_(url.path.substr(1)),
          schema_(output.format),
          sensor_(sender.sensor_id) {
        opened_for<Kafka>(output);
        // What makes no sense is said at the start.
        configuration();
    }

    Outcome carry(Window& window, const Patience& patience) noexcept override {
        window_ = &window;
        if (!producer_) {
            if (window.empty()) return {};
            if (std::string trouble = start(); !trouble.empty()) return {trouble, true};
        }
        for (Parcel& parcel : window) {
            if (parcel.state == Parcel::State::waiting && !produce(parcel)) break;
        }
        Kafka::get().poll(producer_.get(), window.empty() ? 0 : patience.slice());
        std::string trouble = std::exchange(trouble_, {});
        if (!std::exchange(broken_, false)) return {std::move(trouble), false};
        // In order again: nothing may overtake what has failed.
        producer_.reset();
        return {std::move(trouble), true};
    }

    void close(Window& window, const Patience& patience) noexcept override {
        window_ = &window;
        while (producer_ && Kafka::get().outq_len(producer_.get()) > 0 && !patience.over())
            Kafka::get().poll(producer_.get(), patience.slice());
    }

    std::string_view kind() const noexcept override { return "kafka"; }

private:
    Configuration configuration() {
        Configuration configuration(Kafka::get().conf_new());
        const auto set = [&](const std::string& name, const std::string& value) {
            char complaint[512] = {};
            if (Kafka::get().conf_set(configuration.get(), name.c_str(), value.c_str(), complaint,
                                      sizeof complaint) != RD_KAFKA_CONF_OK)
                throw SinkError("output " + output_.to + ": kafka: " + complaint);
        };
        set("bootstrap.servers", brokers_);
        set("client.id", "umbratap");
        set("linger.ms", "20");
        set("message.timeout.ms", "0");  // without end: the window is bounded
        set("message.max.bytes", std::to_string(event_bytes_max + 1024));
        set("log_level", "0");  // troubles come by the callback
        for (const auto& [name, value] : output_.kafka) set(name, value);
        set("enable.idempotence", "true");
        set("acks", "all");
        Kafka::get().conf_set_opaque(configuration.get(), this);
        Kafka::get().conf_set_dr_msg_cb(
            configuration.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
                static_cast<KafkaCarrier*>(self)->delivered(*message);
            });
        Kafka::get().conf_set_error_cb(configuration.get(), [](rd_kafka_t* producer, int error,
                                                               const char* reason, void* self) {
            static_cast<KafkaCarrier*>(self)->told(producer, error, reason);
        });
        return configuration;
    }

    std::string start() {
        char complaint[512] = {};
        Configuration ready = configuration();
        producer_.reset(
            Kafka::get().make(RD_KAFKA_PRODUCER, ready.get(), complaint, sizeof complaint));
        if (!producer_) return complaint;
        static_cast<void>(ready.release());  // the producer's now
        return {};
    }

    /// False where the library's queue is full, or it will not have this one.
    bool produce(Parcel& parcel) {
        const Event event = parcel.event();
        const std::string_view key = event.community_id.empty() ? event.id : event.community_id;
        rd_kafka_headers_t* headers = Kafka::get().headers_new(4);
        const auto header = [&](const char* name, std::string_view value) {
            Kafka::get().header_add(headers, name, -1, value.data(),
                                    static_cast<ssize_t>(value.size()));
        };
        header("schema", format_name(schema_));
        header("sensor", sensor_);
        header("event_id", event.id);
        if (parcel.redelivered) header("redelivered", "true");
        // The opaque is the parcel's number: the window may have moved on when it comes back.
        const rd_kafka_resp_err_t error = Kafka::get().producev(
            producer_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()),
            RD_KAFKA_V_KEY(key.data(), key.size()),
            RD_KAFKA_V_VALUE(const_cast<char*>(event.line.data()), event.line.size()),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(parcel.number)), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            parcel.state = Parcel::State::sent;
            return true;
        }
        Kafka::get().headers_destroy(headers);
        if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            parcel.state = Parcel::State::refused;
            trouble_ = "an event is too long for message.max.bytes";
            return true;
        }
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            trouble_ = Kafka::get().err2str(error);
            broken_ = true;
        }
        return false;
    }

    void delivered(const rd_kafka_message_t& message) noexcept {
        if (window_ == nullptr || window_->empty()) return;
        // Numbers grow along the window.
        const auto number = reinterpret_cast<std::uint64_t>(message._private);
        const auto found = std::lower_bound(
            window_->begin(), window_->end(), number,
            [](const Parcel& parcel, std::uint64_t wanted) { return parcel.number < wanted; });
        if (found == window_->end() || found->number != number) return;
        if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            found->state = Parcel::State::arrived;
        } else if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            found->state = Parcel::State::refused;
            trouble_ = "the broker refuses an event: it is too long";
        } else {
            trouble_ = Kafka::get().err2str(message.err);
            broken_ = true;
        }
    }

    void told(rd_kafka_t* producer, int error, const char* reason) noexcept {
        trouble_ = reason;
        broken_ = broken_ || error == RD_KAFKA_RESP_ERR__FATAL;
        static_cast<void>(producer);
    }

    Output output_;
    std::string brokers_, topic_;
    Rendering schema_;
    std::string sensor_;
    std::unique_ptr<rd_kafka_t, ProducerFree> producer_;
    Window* window_ = nullptr;
    std::string trouble_;
    bool broken_ = false;
};

}  // namespace

std::unique_ptr<Sink> open_kafka(const Output& output, const Sender& sender) {
    OutputUrl url = read_output_url(output.to);
    // Brokers are a list, with their ports: the authority as it stands.
    const std::size_t begin = std::string_view("kafka://").size();
    url.host = output.to.substr(begin, output.to.find('/', begin) - begin);
    if (url.host.empty() || url.path.size() < 2 || url.path.find('/', 1) != std::string::npos)
        throw SinkError("output " + output.to + ": expected kafka://BROKER[:PORT][,BROKER]/TOPIC");
    return std::make_unique<NetworkSink>(output,
                                         std::make_unique<KafkaCarrier>(output, url, sender));
}

}  // namespace umbratap::report

#else

namespace umbratap::report {

std::unique_ptr<Sink> open_kafka(const Output& output, const Sender&) {
    throw SinkError("output " + output.to +
                    ": this umbratap was built without librdkafka; install librdkafka-dev and "
                    "build it anew");
}

}  // namespace umbratap::report

#endif
