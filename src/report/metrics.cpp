// Prometheus endpoint: civetweb serves, prometheus-cpp writes the text.
//
// Whoever counts does so without a lock; `publish` copies the sums under one, and a scrape copies
// them out again before it begins to render. So the slowest of scrapers costs a reporter nothing,
// and the others at most one of few threads for a few seconds.
#include "report/metrics.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <mutex>
#include <sstream>

#include "report/metrics_families.h"

namespace umbratap::report {

namespace {

struct Place {
    std::string address;
    unsigned port = 0;
};

Place read_place(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    Place place{"127.0.0.1", 0};
    if (colon != text.npos && colon > 0) place.address = text.substr(0, colon);
    const std::string port = colon == text.npos ? text : text.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), place.port);
    bool sound = !port.empty() && read.ec == std::errc() && read.ptr == port.data() + port.size() &&
                 place.port <= 65535;
    if (place.address == "localhost") place.address = "127.0.0.1";
    const bool bracketed = place.address.starts_with('[') && place.address.ends_with(']');
    const std::string bare =
        bracketed ? place.address.substr(1, place.address.size() - 2) : place.address;
    in6_addr parsed{};
    sound = sound && inet_pton(bracketed ? AF_INET6 : AF_INET, bare.c_str(), &parsed) == 1;
    if (!sound) {
        throw MetricsError("metrics: '" + text +
                           "' is no ADDRESS:PORT, such as 127.0.0.1:9464 or [::1]:9464");
    }
    return place;
}

/// The threads that civetweb starts take no signals: those are the main thread's.
class SignalsHeldBack {
public:
    SignalsHeldBack() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeldBack(const SignalsHeldBack&) = delete;
    SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

private:
    sigset_t before_{};
};

int answer(mg_connection* connection, int status, const char* reason, const char* type,
           const std::string& body) {
    const std::string method = mg_get_request_info(connection)->request_method;
    const bool known = method == "GET" || method == "HEAD";
    mg_printf(
        connection,
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n",
        known ? status : 405, known ? reason : "Method Not Allowed", type, known ? body.size() : 0,
        known ? "" : "Allow: GET, HEAD\r\n");
    if (method == "GET") mg_write(connection, body.data(), body.size());
    return known ? status : 405;
}

}  // namespace

struct Metrics::State {
    RecordCounts counts;  // of the thread that counts

    std::mutex mutex;
    Figures published;
    std::atomic<bool> ready = false;

    mg_context* server = nullptr;
    std::string complaint;  // of civetweb, while it starts
    std::atomic<bool> started = false;
    int port = 0;

    ~State() {
        if (server != nullptr) mg_stop(server);
    }

    std::string render() {
        Figures figures;
        {
            const std::lock_guard lock(mutex);
            figures = published;
        }
        std::ostringstream text;
        prometheus::TextSerializer().Serialize(text, metric_families(figures));
        return text.str();
    }

    static int metrics(mg_connection* connection, void* state) {
        return answer(connection, 200, "OK", "text/plain; version=0.0.4; charset=utf-8",
                      static_cast<State*>(state)->render());
    }
    static int health(mg_connection* connection, void*) {
        return answer(connection, 200, "OK", "text/plain; charset=utf-8", "ok\n");
    }
    static int readiness(mg_connection* connection, void* state) {
        const bool ready = static_cast<State*>(state)->ready;
        return ready ? answer(connection, 200, "OK", "text/plain; charset=utf-8", "ready\n")
                     : answer(connection, 503, "Service Unavailable", "text/plain; charset=utf-8",
                              "not ready\n");
    }
    static int log(const mg_connection* connection, const char* message) {
        auto* state = static_cast<State*>(mg_get_user_data(mg_get_context(connection)));
        if (state != nullptr && !state->started && state->complaint.empty())
            state->complaint = message;
        return 1;  // said; nothing goes to a log file of its own
    }
};

Metrics::Metrics(const std::string& address) : state_(std::make_unique<State>()) {
    const Place place = read_place(address);
    const std::string listen = place.address + ':' + std::to_string(place.port);
    const char* options[] = {"listening_ports",
                             listen.c_str(),
                             "num_threads",
                             "4",
                             "request_timeout_ms",
                             "3000",
                             "connection_queue",
                             "16",
                             "enable_keep_alive",
                             "no",
                             "max_request_size",
                             "4096",
                             nullptr};
    mg_callbacks callbacks{};
    callbacks.log_message = State::log;
    const SignalsHeldBack held_back;
    state_->server = mg_start(&callbacks, state_.get(), options);
    mg_server_port bound{};
    if (state_->server == nullptr || mg_get_server_ports(state_->server, 1, &bound) < 1) {
        // "cannot bind to 127.0.0.1:9464: 98 (Address already in use)"
        const std::string& said = state_->complaint;
        const std::size_t reason = said.find('(');
        throw MetricsError("metrics: cannot listen on " + listen + ": " +
                           (reason != said.npos && said.ends_with(')')
                                ? said.substr(reason + 1, said.size() - reason - 2)
                            : said.empty() ? std::string("address not available")
                                           : said));
    }
    state_->started = true;
    state_->port = bound.port;
    mg_set_request_handler(state_->server, "/metrics$", State::metrics, state_.get());
    mg_set_request_handler(state_->server, "/healthz$", State::health, nullptr);
    mg_set_request_handler(state_->server, "/readyz$", State::readiness, state_.get());
}

Metrics::~Metrics() = default;

void Metrics::count(const inventory::Record& record) {
    state_->counts.add(record);
}

void Metrics::publish(const inventory::Stats& stats, const Gauges& gauges) {
    Figures figures{stats, gauges, state_->counts};
    const std::lock_guard lock(state_->mutex);
    std::swap(state_->published, figures);
}

void Metrics::ready(bool ready) {
    state_->ready = ready;
}

int Metrics::port() const noexcept {
    return state_->port;
}

}  // namespace umbratap::report
