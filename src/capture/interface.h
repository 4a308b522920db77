// Where frames come from, live: one or several network interfaces.
//
// Interfaces are opened by a process that may (CAP_NET_RAW) and can be read by a child that may
// nothing: no file or socket is opened after that. packet_ring.h and interface_state.h say which
// system calls are needed; beside these it is poll().
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture/interface_options.h"
#include "capture/interface_state.h"
#include "capture/packet_ring.h"
#include "capture/source.h"

namespace umbratap::capture {

class InterfaceSource final : public Source {
public:
    struct Interface {
        std::string name;
        LossCounts losses;
    };

    /// `false` only when stopped and all that was let in has been read.
    bool read(Batch<Frame>& out) override;
    SourceCounts counts() const override;
    LossCounts losses() override;
    std::vector<Notice> take_notices() override { return std::exchange(notices_, {}); }

    std::vector<Interface> interfaces();  ///< with what each lost
    /// Lets nothing more in; what the rings hold is still read. For an end without loss.
    void stop() override;
    /// Names of interfaces that were removed, or were not there: if one comes back, open all anew.
    std::vector<std::string> gone() const override { return gone_; }

private:
    friend std::vector<std::unique_ptr<InterfaceSource>> open_interfaces(const InterfaceOptions&);

    struct Reading {
        std::unique_ptr<PacketRing> ring;  // closed or not; frames point to its origin
        bool down = false;
        bool ending = false;   // stopped or removed: nothing more comes in
        int silent_waits = 0;  // since then
        std::uint64_t lost_by_device = 0;
        std::uint64_t lost_before = 0;  // of the device's own counter, when last looked at
    };

    InterfaceSource(const InterfaceOptions& options, bool tells_devices);
    void add(std::unique_ptr<PacketRing> ring);
    void look_after(Reading& reading, short events);
    void read_ready(Batch<Frame>& out);
    void end_what_is_empty(bool silent);
    void give_up(Reading& reading, const std::string& why);
    void count_losses(Reading& reading);

    std::vector<Reading> readings_;
    std::vector<pollfd> polled_;  // one for each of them
    bool tells_devices_;          // one of several members tells what the devices lost
    bool stopped_ = false;
    std::uint64_t reads_ = 0;
    InterfaceStates states_;
    std::uint64_t ring_bytes_;  // of each
    std::size_t frame_bytes_max_;
    std::unique_ptr<std::uint8_t[]> memory_;  // of the frames of one batch; most is never touched
    std::vector<std::string> gone_;
    std::vector<Notice> notices_;
};

/// `members` sources over all interfaces. Throws InputError where an interface cannot be captured,
/// and std::invalid_argument where the filter is wrong.
std::vector<std::unique_ptr<InterfaceSource>> open_interfaces(const InterfaceOptions& options);

}  // namespace umbratap::capture
