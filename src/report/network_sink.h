// A sink whose receiver may be down, slow or hostile: events wait in a backlog, and a thread of its
// own brings them to the receiver, again and again, with growing pauses.
#pragma once

#include <mutex>
#include <thread>

#include "report/backlog.h"
#include "report/carrier.h"
#include "report/output.h"

namespace umbratap::report {

struct NetworkLimits {
    std::size_t window_bytes_max = 1 << 20;  ///< of events under way
    std::size_t window_events_max = 2000;
    std::chrono::milliseconds pause_min{500}, pause_max{15'000};  ///< after trouble
};

class NetworkSink final : public Sink {
public:
    /// Throws SinkError if the spool cannot be opened. A receiver that is down is no error.
    NetworkSink(const Output& output, std::unique_ptr<Carrier> carrier, NetworkLimits limits = {});
    ~NetworkSink() override;

    void write(const Event& event) noexcept override;
    void flush(bool sync) noexcept override;
    void begin_finish(std::chrono::steady_clock::time_point deadline) noexcept override;
    void finish(std::chrono::steady_clock::time_point deadline) noexcept override;
    SinkCounts counts() const noexcept override;
    std::string take_trouble() override;
    std::string_view kind() const noexcept override { return carrier_->kind(); }

private:
    void run() noexcept;
    void refill();
    void settle();
    bool has_waiting() const noexcept;
    void send_again() noexcept;
    void pause();
    void end() noexcept;
    void tell(const std::string& trouble);
    void check_disk();

    std::string name_;
    Rendering format_;
    NetworkLimits limits_;
    Backlog backlog_;
    std::unique_ptr<Carrier> carrier_;
    Patience patience_;

    std::atomic<std::uint64_t> arrived_ = 0, refused_ = 0, lost_ = 0, window_bytes_ = 0;
    std::atomic<bool> finishing_ = false;

    // Of the thread that writes.
    std::string rendered_, id_;
    std::uint64_t unrendered_ = 0;
    int told_disk_error_ = 0;
    std::chrono::steady_clock::time_point told_disk_;

    // Of the thread that carries.
    Window window_;
    std::chrono::milliseconds pause_;
    std::string told_;
    std::chrono::steady_clock::time_point told_at_;

    std::mutex trouble_mutex_;
    std::string trouble_;
    std::thread thread_;
};

}  // namespace umbratap::report
