// The ring of one network interface: memory that the kernel fills with frames (packet(7),
// TPACKET_V3) and libpcap reads.
//
// Opening it needs CAP_NET_RAW. Afterwards it is read, stopped and asked for its counters with
// poll, getsockopt, getsockname and setsockopt(SO_ATTACH_FILTER) on its descriptor alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/batch.h"
#include "capture/filter.h"
#include "capture/frame.h"
#include "capture/interface_options.h"
#include "capture/source.h"

struct pcap;

namespace umbratap::capture {

class PacketRing {
public:
    /// Lets nothing in yet. Throws InputError. Where there is no such interface or it is down,
    /// which may change, it returns nothing and sets `absent` to one line that says so.
    static std::unique_ptr<PacketRing> open(const std::string& name,
                                            const InterfaceOptions& options, std::string& absent);
    ~PacketRing();
    PacketRing(const PacketRing&) = delete;
    PacketRing& operator=(const PacketRing&) = delete;

    /// Founds a group of rings that share the frames of the interface, or joins it: both directions
    /// of a flow, and all fragments of an IPv4 datagram, which become one frame, go to one of them.
    /// Returns the number of the group. Throws InputError.
    std::uint16_t share(std::optional<std::uint16_t> group);

    /// Forgets what came in before the door was closed. To be called for all rings of a group
    /// before the first begins.
    void discard();
    /// Lets in, from now on, what the filter accepts. Throws std::invalid_argument where it is
    /// wrong.
    void begin(const std::string& filter);

    /// Appends at most `frames_max`, copied to the front of `memory`, which has room for
    /// bytes_max() of each; returns how much of it was used. Does not wait.
    std::size_t read(std::size_t frames_max, std::span<std::uint8_t> memory, Batch<Frame>& out);
    /// What is wrong if the last `read` could not read, in libpcap's words; else empty.
    const std::string& trouble() const noexcept { return trouble_; }

    /// Lets nothing more in; false where the kernel refuses that. What is in the ring can still be
    /// read.
    bool stop() noexcept;
    /// Whether all that was let in, as counted last, was read or dropped. Frames may take
    /// `block_wait` to appear.
    bool is_empty() const noexcept;

    /// Gives the memory back; counts and origin stay.
    void close() noexcept;
    bool is_open() const noexcept { return handle_ != nullptr; }

    /// True once the interface was removed; renaming does not remove it.
    bool is_removed() const noexcept;
    /// After poll() said POLLERR: takes the error, so that the next poll() waits again.
    void clear_error() noexcept;

    const Origin& origin() const noexcept { return origin_; }
    int descriptor() const noexcept { return descriptor_; }
    int interface_index() const noexcept { return interface_index_; }    ///< 0: all of them ("any")
    static std::uint32_t bytes_max(std::uint32_t snap_length) noexcept;  ///< of a frame
    SourceCounts counts() const noexcept {
        return {.packets = packets_, .bytes = bytes_, .filtered = filtered_};
    }
    /// Asks the kernel for its counters, which losses() then tells.
    void count_losses() noexcept;
    /// As counted last; without interface_dropped, which a ring does not know.
    const LossCounts& losses() const noexcept { return losses_; }

private:
    struct Close {
        void operator()(pcap* handle) const noexcept;
    };
    struct Target;

    PacketRing(std::unique_ptr<pcap, Close> handle, const std::string& name,
               const InterfaceOptions& options);

    std::unique_ptr<pcap, Close> handle_;
    Origin origin_;  // frames point to it
    std::uint32_t snap_length_;
    int descriptor_ = -1;
    int interface_index_ = 0;
    std::uint16_t link_type_ = 0;
    bool loopback_ = false;
    bool cooked_ = false;           // of many link types, made one by libpcap
    std::optional<Filter> filter_;  // where the kernel does not filter
    std::string trouble_;
    std::uint64_t packets_ = 0, bytes_ = 0, filtered_ = 0;
    LossCounts losses_;
};

}  // namespace umbratap::capture
