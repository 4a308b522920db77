// Lines that go into a file descriptor.
//
// They are gathered up to 64 KiB and written at once; an alert does not wait. What the system does
// not take is dropped and counted, never kept: whoever fills a disk shall not fill our memory too.
// Where that left half a line behind, the next one begins with a newline, so that a reader loses
// one line and not two.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "report/rendering.h"
#include "report/sink.h"

namespace umbratap::report {

class DescriptorSink : public Sink {
public:
    void write(const Event& event) noexcept override;
    void flush(bool sync) noexcept override;
    SinkCounts counts() const noexcept override {
        return {written_events_, dropped_events_, gathered_.size(), 0};
    }
    std::string take_trouble() override { return std::exchange(trouble_, {}); }

protected:
    DescriptorSink(std::string name, Rendering format) : name_(std::move(name)), format_(format) {}
    ~DescriptorSink() override = default;

    /// Whether the reader had enough: what comes then is dropped without a word.
    virtual bool ends_quietly(int error) const noexcept = 0;
    /// Before `bytes` are written: another file may be due.
    virtual void prepare(std::size_t) noexcept {}

    void write_out() noexcept;
    void sync() noexcept;
    void fail(int error) noexcept;
    void say(const std::string& trouble) { trouble_ = name_ + ": " + trouble; }
    /// `torn`: what is there already ends within a line.
    void begin_at(int descriptor, bool torn) noexcept {
        descriptor_ = descriptor;
        torn_ = torn;
    }
    int descriptor() const noexcept { return descriptor_; }
    const std::string& name() const noexcept { return name_; }

private:
    std::size_t put(std::string_view bytes) noexcept;
    void drop(std::string_view rest) noexcept;

    std::string name_;
    Rendering format_;
    int descriptor_ = -1;
    std::string gathered_;
    std::uint64_t gathered_events_ = 0, written_events_ = 0, dropped_events_ = 0;
    bool torn_ = false;             // the last byte out was not a newline
    bool closed_for_good_ = false;  // nobody reads any more
    bool sync_wanted_ = false;      // an alert was written and not synced yet
    int error_ = 0;                 // the last write failed with this
    std::chrono::steady_clock::time_point told_, synced_;
    std::string trouble_;
};

}  // namespace umbratap::report
