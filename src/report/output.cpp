// Outputs as the user describes them, and one row a kind of sink.
#include "report/output.h"

#include <algorithm>

#include "report/sinks/sinks.h"

namespace umbratap::report {

namespace {

struct Kind {
    std::string_view prefix;
    std::unique_ptr<Sink> (*open)(const Output&, const Sender&);
};

// The first whose prefix fits; a path has none.
constexpr Kind kinds[] = {
    {"unix:", open_unix},           {"syslog://", open_syslog},
    {"syslog+tcp://", open_syslog}, {"syslog+tls://", open_syslog},
    {"https://", open_http},        {"http://", open_http},
    {"kafka://", open_kafka},       {"", open_file},
};

const Kind& kind_of(std::string_view to) {
    return *std::find_if(std::begin(kinds), std::end(kinds),
                         [&](const Kind& kind) { return to.starts_with(kind.prefix); });
}

/// Lets through what an output was asked for.
class ChosenEvents final : public Sink {
public:
    ChosenEvents(const Output& output, std::unique_ptr<Sink> sink)
        : types_(output.events), severity_max_(output.severity_max), sink_(std::move(sink)) {}

    void write(const Event& event) noexcept override {
        if (!types_.empty() && std::find(types_.begin(), types_.end(), event.type) == types_.end())
            return;
        if (severity_max_ != 0 && event.severity > severity_max_) return;
        sink_->write(event);
    }
    void flush(bool sync) noexcept override { sink_->flush(sync); }
    void begin_finish(std::chrono::steady_clock::time_point deadline) noexcept override {
        sink_->begin_finish(deadline);
    }
    void finish(std::chrono::steady_clock::time_point deadline) noexcept override {
        sink_->finish(deadline);
    }
    void reopen() noexcept override { sink_->reopen(); }
    SinkCounts counts() const noexcept override { return sink_->counts(); }
    std::string take_trouble() override { return sink_->take_trouble(); }
    std::string_view kind() const noexcept override { return sink_->kind(); }

private:
    std::vector<std::string> types_;
    int severity_max_;
    std::unique_ptr<Sink> sink_;
};

}  // namespace

std::string_view format_name(Rendering format) {
    for (const std::string_view name : {"ecs", "ocsf", "cef", "leef", "zeek"}) {
        if (rendering_of(name) == format) return name;
    }
    return "eve";
}

OutputUrl read_output_url(const std::string& url) {
    OutputUrl result;
    const std::size_t scheme_end = url.find("://");
    result.scheme = url.substr(0, scheme_end);
    const std::string rest = url.substr(scheme_end + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string authority = rest.substr(0, authority_end);
    result.path = rest.substr(authority_end);
    const bool bracketed = authority.starts_with('[');
    const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
    result.host = authority.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
    const std::size_t colon = authority.find(':', bracketed ? host_end : 0);
    if (colon != std::string::npos) result.port = authority.substr(colon + 1);
    return result;
}

Output parse_output(std::string_view text) {
    Output output;
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        if (const auto format = rendering_of(text.substr(0, colon))) {
            output.format = *format;
            text.remove_prefix(colon + 1);
        }
    }
    output.to = text;
    if (output.to.empty()) throw SinkError("output: expected a file, '-' or a URL");
    const std::size_t scheme_end = output.to.find("://");
    if (scheme_end == std::string::npos) return output;
    if (kind_of(output.to).prefix.empty()) {
        throw SinkError(
            "output " + output.to + ": there is no such kind of output; there are " +
            "syslog://, syslog+tcp://, syslog+tls://, kafka://, https:// and unix:PATH");
    }
    const std::size_t at = output.to.find('@', scheme_end);
    if (at < output.to.find_first_of("/?", scheme_end + 3)) {
        throw SinkError("output " + output.to.substr(0, scheme_end) + "://…" +
                        output.to.substr(at) +
                        ": secrets do not belong into a URL; put them into a file, and its name " +
                        "under token_file into the config");
    }
    return output;
}

std::string describe(const Output& output) {
    std::string text = output.to == "-" ? "standard output" : output.to;
    const auto add = [&](const std::string& more) { text += ", " + more; };
    if (output.format != Rendering::eve) add("as " + std::string(format_name(output.format)));
    if (!output.events.empty()) {
        std::string list;
        for (const std::string& event : output.events) list += (list.empty() ? "" : " ") + event;
        add("events " + list);
    }
    if (output.severity_max != 0)
        add("alerts of severity " + std::to_string(output.severity_max) + " or worse");
    if (!output.spool.directory.empty()) {
        add("spool " + output.spool.directory + " of " +
            std::to_string(output.spool.bytes_max >> 20) + " MiB");
    }
    if (output.rotate.bytes_max != 0)
        add("turned over at " + std::to_string(output.rotate.bytes_max) + " bytes");
    if (output.rotate.interval.count() != 0)
        add("turned over every " + std::to_string(output.rotate.interval.count()) + " s");
    if (!output.token_file.empty()) add("token of " + output.token_file);
    if (!output.token_environment.empty()) add("token of $" + output.token_environment);
    return text;
}

Sinks open_sinks(const std::vector<Output>& outputs, const Sender& sender) {
    Sinks sinks;
    for (const Output& output : outputs) {
        auto sink = kind_of(output.to).open(output, sender);
        if (!output.events.empty() || output.severity_max != 0)
            sink = std::make_unique<ChosenEvents>(output, std::move(sink));
        sinks.push_back(std::move(sink));
    }
    return sinks;
}

}  // namespace umbratap::report
