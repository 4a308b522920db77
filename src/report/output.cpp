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
    {"", open_file},
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
    return output;
}

std::string describe(const Output& output) {
    return output.to;
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
