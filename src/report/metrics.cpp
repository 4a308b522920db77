// What the endpoint answers; prometheus-cpp writes the text.
#include "report/metrics.h"

#include <prometheus/text_serializer.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>

#include "base/digest.h"
#include "report/endpoint.h"
#include "report/metrics_families.h"
#include "report/process_figures.h"

namespace umbratap::report {

namespace {

using Text = std::shared_ptr<const std::string>;
using Key = std::array<std::uint8_t, 32>;

constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* plain_type = "text/plain; charset=utf-8";
constexpr const char* challenge =
    "WWW-Authenticate: Basic realm=\"umbratap\", charset=\"UTF-8\"\r\n";

Text text(const char* words) {
    return std::make_shared<const std::string>(words);
}

std::string read_password(const std::string& file) {
    std::ifstream stream(file);
    std::string password;
    if (!stream || !std::getline(stream, password) || password.empty())
        throw MetricsError("metrics: password_file " + file +
                           ": expected a password in its first "
                           "line, and that I may read it");
    if (password.back() == '\r') password.pop_back();
    return password;
}

/// Hashes are compared, so that the time it takes tells nothing of the password.
Key key_of(std::string_view credentials) {
    return sha256(as_bytes(credentials));
}

/// "Basic dXNlcjpwYXNz" → "dXNlcjpwYXNz"; the scheme in any case (RFC 9110, 11.1).
std::string_view basic_credentials(std::string_view authorization) {
    constexpr std::string_view scheme = "basic ";
    if (authorization.size() < scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if ((authorization[i] | 0x20) != scheme[i]) return {};
    }
    authorization.remove_prefix(scheme.size());
    authorization.remove_prefix(
        std::min(authorization.find_first_not_of(' '), authorization.size()));
    return authorization;
}

}  // namespace

struct Metrics::State {
    RecordCounts counts;  // of the thread that counts
    ProcessFigures process;

    std::mutex mutex;
    std::shared_ptr<const Figures> published = std::make_shared<const Figures>();
    std::atomic<bool> ready = false;

    // Of the endpoint's thread: the last rendering, and what it shows.
    std::shared_ptr<const Figures> rendered_figures;
    Text rendered;

    const Text ok = text("ok\n"), is_ready = text("ready\n"), not_ready = text("not ready\n");
    std::optional<Key> key;  // what credentials must hash to
    std::optional<Endpoint> endpoint;

    Answer answer(const Request& request) {
        if (request.path == "/healthz") return {200, plain_type, ok, ""};
        if (request.path == "/readyz")
            return ready ? Answer{200, plain_type, is_ready, ""}
                         : Answer{503, plain_type, not_ready, ""};
        if (request.path != "/metrics") return {404, plain_type, nullptr, ""};
        if (key && key_of(basic_credentials(request.authorization)) != *key)
            return {401, plain_type, nullptr, challenge};
        return {200, metrics_type, render(), ""};
    }

    Text render() {
        std::shared_ptr<const Figures> figures;
        {
            const std::lock_guard lock(mutex);
            figures = published;
        }
        if (figures == rendered_figures) return rendered;
        std::ostringstream stream;
        prometheus::TextSerializer().Serialize(stream, metric_families(*figures));
        rendered = std::make_shared<const std::string>(std::move(stream).str());
        rendered_figures = std::move(figures);
        return rendered;
    }
};

Metrics::Metrics(const MetricsOptions& options) : state_(std::make_unique<State>()) {
    State& state = *state_;
    if (!options.user.empty()) {
        const std::string credentials = options.user + ':' + read_password(options.password_file);
        state.key = key_of(to_base64(as_bytes(credentials)));
    }
    try {
        state.endpoint.emplace(options.address,
                               [&state](const Request& request) { return state.answer(request); });
    } catch (const EndpointError& error) {
        throw MetricsError(std::string("metrics: ") + error.what());
    }
}

Metrics::~Metrics() = default;

void Metrics::count(const inventory::Record& record) {
    state_->counts.add(record);
}

void Metrics::publish(const inventory::Stats& stats, const Gauges& gauges) {
    auto figures = std::make_shared<const Figures>(
        Figures{stats, gauges, state_->counts, state_->process.read()});
    const std::lock_guard lock(state_->mutex);
    state_->published.swap(figures);
}

void Metrics::ready(bool ready) {
    state_->ready = ready;
}

int Metrics::port() const noexcept {
    return state_->endpoint->port();
}

}  // namespace umbratap::report
