// A ring through libpcap, with every frame accounted for.
//
// libpcap has ways to drop a frame that it tells nobody of: it filters in user space where the
// kernel cannot or has not yet, and it leaves out what a loopback sends since it receives it again.
// So that the kernel's count and ours can be equal to the frame, the program that says what comes
// in is attached here, to the socket, and decides alone.
#include "capture/packet_ring.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "capture/interface_state.h"
#include "capture/link_number.h"

namespace umbratap::capture {

namespace {

/// As PACKET_IGNORE_OUTGOING, for a group (Linux 5.18; Debian 12 has older headers).
constexpr unsigned fanout_flag_ignore_outgoing = 0x4000;

constexpr std::uint32_t added_bytes_max = 64;  // VLAN tag and cooked header, which libpcap adds
constexpr int discard_wait_max_ms = 1000;

std::string program_path() {
    std::array<char, 4096> path;
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "umbratap";
}

[[noreturn]] void refuse(const std::string& name, pcap_t* handle, int status) {
    if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED) {
        throw InputError(name + ": this user may not capture; run it as root, or once: setcap " +
                         "cap_net_raw+ep " + program_path());
    }
    const std::string detail = pcap_geterr(handle);
    throw InputError(name + ": cannot be captured: " +
                     (detail.empty() ? std::string(pcap_statustostr(status)) : detail));
}

bool attach(int descriptor, std::span<sock_filter> program) noexcept {
    const sock_fprog code{static_cast<unsigned short>(program.size()), program.data()};
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof code) == 0;
}

bool attach_nothing(int descriptor) noexcept {
    sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    return attach(descriptor, nothing);
}

/// All but what the loopback sends: it is captured when it is received.
bool attach_once_only(int descriptor) noexcept {
    constexpr auto ancillary = [](int what) {
        return static_cast<std::uint32_t>(SKF_AD_OFF + what);
    };
    sock_filter once_only[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ancillary(SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ancillary(SKF_AD_IFINDEX)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, if_nametoindex("lo"), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<std::uint32_t>::max()),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    return attach(descriptor, once_only);
}

/// `expression` as the kernel runs it: it sees frames before VLAN tags are put back, which libpcap
/// knows of when it compiles for an open interface.
bool attach_expression(int descriptor, pcap_t* handle, const std::string& expression) {
    struct Program {
        bpf_program code{};
        ~Program() { pcap_freecode(&code); }
    } program;
    if (pcap_compile(handle, &program.code, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
        throw std::invalid_argument("filter \"" + expression + "\": " + pcap_geterr(handle));
    static_assert(sizeof(bpf_insn) == sizeof(sock_filter));
    return attach(descriptor,
                  {reinterpret_cast<sock_filter*>(program.code.bf_insns), program.code.bf_len});
}

}  // namespace

void PacketRing::Close::operator()(pcap* handle) const noexcept {
    pcap_close(handle);
}

std::unique_ptr<PacketRing> PacketRing::open(const std::string& name,
                                             const InterfaceOptions& options, std::string& absent) {
    char trouble[PCAP_ERRBUF_SIZE] = "";
    std::unique_ptr<pcap, Close> handle(pcap_create(name.c_str(), trouble));
    if (!handle) throw InputError(name + ": cannot be captured: " + trouble);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.block_wait).count();
    pcap_set_snaplen(handle.get(), static_cast<int>(options.snap_length));
    pcap_set_promisc(handle.get(), options.promiscuous ? 1 : 0);
    pcap_set_timeout(handle.get(), std::max(1, static_cast<int>(milliseconds)));
    pcap_set_buffer_size(handle.get(), static_cast<int>(std::min<std::uint64_t>(
                                           options.ring_bytes, std::numeric_limits<int>::max())));
    pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
    const int status = pcap_activate(handle.get());
    if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
        absent = name + ": there is no such interface; there are " + interface_names();
    } else if (status == PCAP_ERROR_IFACE_NOT_UP) {
        absent = name + ": the interface is down; bring it up: ip link set dev " + name + " up";
    } else if (status < 0) {
        refuse(name, handle.get(), status);
    }
    if (!absent.empty()) return nullptr;
    return std::unique_ptr<PacketRing>(new PacketRing(std::move(handle), name, options));
}

PacketRing::PacketRing(std::unique_ptr<pcap, Close> handle, const std::string& name,
                       const InterfaceOptions& options)
    : handle_(std::move(handle)),
      origin_{.name = name,
              .is_file = false,
              .decrypted = std::find(options.decrypted.begin(), options.decrypted.end(), name) !=
                           options.decrypted.end()},
      snap_length_(options.snap_length),
      descriptor_(pcap_get_selectable_fd(handle_.get())) {
    attach_nothing(descriptor_);  // until begin(); where it fails, that fails too
    char trouble[PCAP_ERRBUF_SIZE] = "";
    if (pcap_setnonblock(handle_.get(), 1, trouble) != 0) throw InputError(name + ": " + trouble);
    // Version 2 of the cooked header would tell the interface, but then libpcap drops VLAN tags.
    const int type = pcap_datalink(handle_.get());
    cooked_ = type == DLT_LINUX_SLL || type == DLT_LINUX_SLL2;
    link_type_ = in_files(type);
    // There each frame goes by twice, and libpcap leaves one of them out after it was counted.
    loopback_ = name == "lo";
    interface_index_ = name == "any" ? 0 : static_cast<int>(if_nametoindex(name.c_str()));
}

PacketRing::~PacketRing() = default;

std::uint16_t PacketRing::share(std::optional<std::uint16_t> group) {
    // The kernel picks a number that is free, so that two sensors do not become one group.
    unsigned kind = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG;
    if (!group) kind |= PACKET_FANOUT_FLAG_UNIQUEID;
    if (loopback_) kind |= fanout_flag_ignore_outgoing;
    unsigned word = kind << 16 | group.value_or(0);
    socklen_t size = sizeof word;
    if (setsockopt(descriptor_, SOL_PACKET, PACKET_FANOUT, &word, size) != 0 ||
        getsockopt(descriptor_, SOL_PACKET, PACKET_FANOUT, &word, &size) != 0) {
        throw InputError(origin_.name + ": cannot be shared by several workers (PACKET_FANOUT): " +
                         std::strerror(errno) + "; use one worker");
    }
    return static_cast<std::uint16_t>(word);
}

/// They came to every ring, since the rings did not share yet.
void PacketRing::discard() {
    for (int waited = 0; waited < discard_wait_max_ms; waited += 10) {
        pcap_dispatch(
            handle_.get(), -1,
            [](u_char* packets, const pcap_pkthdr*, const u_char*) {
                ++*reinterpret_cast<std::uint64_t*>(packets);
            },
            reinterpret_cast<u_char*>(&packets_));
        count_losses();
        if (is_empty()) break;
        poll(nullptr, 0, 10);
    }
    packets_ = 0;
    losses_ = {};
}

void PacketRing::begin(const std::string& filter) {
    bool begun = false;
    if (cooked_) {
        if (!filter.empty()) filter_.emplace(filter);
        begun = attach_once_only(descriptor_);
    } else {
        const int yes = 1;
        if (loopback_)
            setsockopt(descriptor_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
        // An empty expression accepts everything, and tells the kernel the snap length.
        begun = attach_expression(descriptor_, handle_.get(), filter);
    }
    if (!begun) {
        throw InputError(origin_.name + ": the kernel refuses the filter: " + std::strerror(errno) +
                         "; use a shorter one");
    }
}

std::uint32_t PacketRing::bytes_max(std::uint32_t snap_length) noexcept {
    return snap_length + added_bytes_max;
}

/// Where libpcap's callback puts a frame.
struct PacketRing::Target {
    PacketRing& ring;
    std::span<std::uint8_t> memory;
    Batch<Frame>& out;

    void put(const pcap_pkthdr& header, const std::uint8_t* data) noexcept {
        const std::size_t size = std::min<std::size_t>(header.caplen, bytes_max(ring.snap_length_));
        std::memcpy(memory.data(), data, size);
        Frame frame;
        // With nanoseconds, tv_usec holds these.
        frame.time = Time(std::chrono::seconds(header.ts.tv_sec) + Duration(header.ts.tv_usec));
        frame.number = ++ring.packets_;
        frame.data = memory.first(size);
        frame.original_length = header.len;
        frame.link_type = ring.link_type_;
        frame.origin = &ring.origin_;
        ring.bytes_ += size;
        if (ring.filter_ && !ring.filter_->accepts(frame)) {
            ++ring.filtered_;
            return;
        }
        memory = memory.subspan(size);
        out.push_back(frame);  // there is room
    }
};

std::size_t PacketRing::read(std::size_t frames_max, std::span<std::uint8_t> memory,
                             Batch<Frame>& out) {
    trouble_.clear();
    out.reserve(out.size() + frames_max);  // nothing may be thrown through libpcap
    Target target{*this, memory, out};
    const int status = pcap_dispatch(
        handle_.get(), static_cast<int>(frames_max),
        [](u_char* user, const pcap_pkthdr* header, const u_char* data) {
            reinterpret_cast<Target*>(user)->put(*header, data);
        },
        reinterpret_cast<u_char*>(&target));
    if (status < 0) trouble_ = pcap_geterr(handle_.get());
    return memory.size() - target.memory.size();
}

bool PacketRing::stop() noexcept {
    return attach_nothing(descriptor_);
}

bool PacketRing::is_empty() const noexcept {
    return packets_ + losses_.kernel_dropped == losses_.received;
}

void PacketRing::count_losses() noexcept {
    // Of TPACKET_V3. Each look begins anew, hence 32 bits suffice if we look now and then.
    tpacket_stats_v3 since{};
    socklen_t size = sizeof since;
    if (getsockopt(descriptor_, SOL_PACKET, PACKET_STATISTICS, &since, &size) != 0) return;
    losses_.received += since.tp_packets;
    losses_.kernel_dropped += since.tp_drops;
}

void PacketRing::close() noexcept {
    handle_.reset();
    descriptor_ = -1;
}

bool PacketRing::is_removed() const noexcept {
    sockaddr_ll address{};
    socklen_t size = sizeof address;
    return getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
           address.sll_ifindex == -1;
}

void PacketRing::clear_error() noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
}

}  // namespace umbratap::capture
