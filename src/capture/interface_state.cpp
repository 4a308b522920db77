// One request, one answer. The kernel has answered when the request is written, so nothing waits.
#include "capture/interface_state.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace umbratap::capture {

namespace {

constexpr unsigned lower_up = 1 << 16;               // IFF_LOWER_UP, which <net/if.h> lacks
constexpr std::size_t answer_bytes_max = 32 * 1024;  // a few hundred are usual

/// Calls `use(type, value)` for each attribute.
template <class Use>
void for_each_attribute(Bytes attributes, const Use& use) {
    while (attributes.size() >= sizeof(rtattr)) {
        rtattr head;
        std::memcpy(&head, attributes.data(), sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > attributes.size()) return;
        use(head.rta_type & NLA_TYPE_MASK,
            attributes.subspan(sizeof head, head.rta_len - sizeof head));
        attributes =
            attributes.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
    }
}

std::uint32_t number(Bytes value) noexcept {
    return value.size() == 4 ? little_endian_32(value.data()) : value.empty() ? 0 : value.front();
}

std::string text(Bytes value) {
    const std::string_view whole = as_text(value);
    return std::string(whole.substr(0, whole.find('\0')));
}

void read_counters(Bytes value, InterfaceState& state) noexcept {
    rtnl_link_stats64 counters{};  // of older kernels it is shorter
    std::memcpy(&counters, value.data(), std::min(value.size(), sizeof counters));
    state.packets_in = counters.rx_packets;
    state.lost_in = counters.rx_missed_errors + counters.rx_fifo_errors + counters.rx_dropped;
}

InterfaceState read_state(Bytes body) {
    InterfaceState state;
    ifinfomsg head;
    std::memcpy(&head, body.data(), sizeof head);
    state.index = head.ifi_index;
    state.up = (head.ifi_flags & IFF_UP) != 0;
    state.carrier = (head.ifi_flags & lower_up) != 0;
    state.all_multicast = (head.ifi_flags & IFF_ALLMULTI) != 0;
    for_each_attribute(body.subspan(NLMSG_ALIGN(sizeof head)), [&](int type, Bytes value) {
        if (type == IFLA_IFNAME) state.name = text(value);
        if (type == IFLA_ADDRESS && value.size() == state.address.size())
            std::copy(value.begin(), value.end(), state.address.begin());
        if (type == IFLA_MTU) state.mtu = number(value);
        if (type == IFLA_PROMISCUITY) state.promiscuous = number(value) > 0;
        if (type == IFLA_NUM_RX_QUEUES) state.queues_in = number(value);
        if (type == IFLA_STATS64) read_counters(value, state);
        if (type != IFLA_LINKINFO) return;
        for_each_attribute(value, [&](int inner, Bytes kind) {
            if (inner == IFLA_INFO_KIND) state.kind = text(kind);
        });
    });
    state.all_multicast = state.all_multicast || state.promiscuous;
    return state;
}

}  // namespace

InterfaceStates::InterfaceStates() noexcept
    : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {}

std::optional<InterfaceState> InterfaceStates::find(int index) {
    struct {
        nlmsghdr head;
        ifinfomsg body;
    } request{};
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_GETLINK;
    request.head.nlmsg_flags = NLM_F_REQUEST;
    request.head.nlmsg_seq = ++sequence_;
    request.body.ifi_index = index;
    if (write(socket_.number(), &request, sizeof request) != sizeof request) return std::nullopt;
    std::array<std::uint8_t, answer_bytes_max> answer;
    for (;;) {
        const ssize_t got = read(socket_.number(), answer.data(), answer.size());
        if (got < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(ifinfomsg))) return std::nullopt;
        nlmsghdr head;
        std::memcpy(&head, answer.data(), sizeof head);
        if (head.nlmsg_seq != sequence_) continue;  // the answer to an earlier one
        if (head.nlmsg_type != RTM_NEWLINK) return std::nullopt;
        const std::size_t length = std::min<std::size_t>(head.nlmsg_len, got);
        if (length < NLMSG_HDRLEN + sizeof(ifinfomsg)) return std::nullopt;
        return read_state(Bytes(answer.data() + NLMSG_HDRLEN, length - NLMSG_HDRLEN));
    }
}

std::string interface_names() {
    struct Free {
        void operator()(struct if_nameindex* list) const noexcept { if_freenameindex(list); }
    };
    constexpr int names_max = 20;
    const std::unique_ptr<struct if_nameindex[], Free> list(if_nameindex());
    std::string names;
    for (int i = 0; list && list[i].if_index != 0; ++i) {
        if (i == names_max) return names + "others, see: ip link";
        names += std::string(list[i].if_name) + ", ";
    }
    return names + "any";
}

}  // namespace umbratap::capture
