// What is done to all sinks.
#include "report/sink.h"

namespace umbratap::report {

void flush(Sinks& sinks, bool sync) noexcept {
    for (const auto& sink : sinks) sink->flush(sync);
}

void reopen(Sinks& sinks) noexcept {
    for (const auto& sink : sinks) sink->reopen();
}

void finish(Sinks& sinks, std::chrono::steady_clock::time_point deadline) noexcept {
    for (const auto& sink : sinks) sink->begin_finish(deadline);
    for (const auto& sink : sinks) sink->finish(deadline);
}

SinkCountsByKind counts_of(const Sinks& sinks) {
    SinkCountsByKind all;
    for (const auto& sink : sinks) sink->count_into(all);
    return all;
}

std::string take_trouble(Sinks& sinks) {
    for (const auto& sink : sinks) {
        if (std::string trouble = sink->take_trouble(); !trouble.empty()) return trouble;
    }
    return {};
}

}  // namespace umbratap::report
