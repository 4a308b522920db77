// IP fragments become datagrams again.
//
// All but the last fragment of a datagram carry a multiple of 8 bytes, and offsets count in 8
// bytes. So a datagram on its way is a row of units of 8 bytes, each of which came or did not:
//
//   fragments      |0 - - - - - - 15|        |24 - - - - - - - - - 43|
//   units          |   0   |   1   |   2   |   3   |   4   |   5...|       end 44: the last
//   fragment said so came               x       x       .       x       x       x
//
// It is whole when the end is known and as many units came as there are before it. Units live in
// pages that are made when the first of theirs comes, so that one fragment at the far end costs one
// page and not 64 KiB. A unit is written once: what comes later is compared with it. Equal is a
// duplicate; different is a conflict, which is told, and the first arrival stays. That is one of
// the readings that receivers have; no reading is that of all of them (RFC 5722 drops the whole
// datagram), which is why it is told.
//
// Captures often hold each packet twice. If nothing were known of a datagram any more once it is
// whole, the second copy of its last fragment would begin another one, and spoil the next datagram
// with the same identification. So the latest whole ones are kept a while: what is equal to them is
// a duplicate, what is not begins anew.
#include "flow/fragments.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <list>
#include <unordered_map>

#include "flow/bounded_time.h"
#include "flow/flow_key.h"

namespace umbratap::flow {
namespace {

constexpr std::size_t unit = 8, page_bytes = 2048, page_units = page_bytes / unit;
constexpr std::size_t length_max = 65535;  // of an IPv4 packet, and of what follows an IPv6 header
constexpr std::size_t pages_max = (length_max + 1) / page_bytes;
constexpr std::size_t whole_kept_max = 64;
constexpr std::size_t tcp_header = 20;

/// What one fragment says of itself.
struct Fragment {
    FlowKey key;
    Bytes header;                    ///< what stands before the fragmented part, in each fragment
    std::size_t next_at = 0;         ///< IPv6: where `header` names the fragment header
    std::uint8_t next = 0;           ///< IPv6: what the fragment header names instead
    std::size_t header_counted = 0;  ///< bytes of `header` that count in the length of the datagram
    std::size_t offset = 0;
    bool more = false;
    Bytes payload;

    std::size_t end() const noexcept { return offset + payload.size(); }
};

/// Source and target are not to be mixed up here: fragments go one way.
FlowKey key_of_fragment(const packet::Packet& packet, std::uint32_t id,
                        std::uint8_t protocol) noexcept {
    FlowKey key;
    key.low = packet.source;
    key.high = packet.target;
    key.low_port = static_cast<std::uint16_t>(id >> 16);
    key.high_port = static_cast<std::uint16_t>(id);
    key.vlans = packet.vlans;
    key.transport = static_cast<packet::Transport>(protocol);
    return key;
}

constexpr Problem cut_short{"packet.cut_short"}, bad_header{"ip.bad_fragment_header"};

Problem read_ipv4(const packet::Packet& packet, Fragment& fragment) noexcept {
    const Bytes network = packet.network;
    if (network.size() < 20) return bad_header;
    const std::size_t header_length = 4 * (network[0] & 0x0f);
    const std::size_t total_length = big_endian_16(network.data() + 2);
    if (header_length < 20 || total_length < header_length) return bad_header;
    if (network.size() < total_length) return cut_short;
    const std::uint16_t flags_and_offset = big_endian_16(network.data() + 6);
    fragment.key = key_of_fragment(packet, big_endian_16(network.data() + 4), network[9]);
    fragment.header = network.first(header_length);
    fragment.header_counted = header_length;
    fragment.offset = unit * (flags_and_offset & 0x1fff);
    fragment.more = (flags_and_offset & 0x2000) != 0;
    fragment.payload = network.subspan(header_length, total_length - header_length);
    return no_problem;
}

/// Walks to the fragment header (RFC 8200, 4.5), over the headers before it and over atomic
/// fragments (RFC 6946). The protocol does not belong to the key, since it may differ from fragment
/// to fragment; what the first one says counts.
Problem read_ipv6(const packet::Packet& packet, Fragment& fragment) noexcept {
    constexpr std::uint8_t fragment_header = 44, authentication = 51;
    if (packet.network.size() < 40) return bad_header;
    const std::size_t total_length = 40 + std::size_t{big_endian_16(packet.network.data() + 4)};
    if (packet.network.size() < total_length) return cut_short;
    const Bytes network = packet.network.first(total_length);
    std::size_t next_at = 6, at = 40;
    while (at + 8 <= network.size()) {
        const std::uint8_t* header = network.data() + at;
        const bool is_fragment = network[next_at] == fragment_header;
        const std::uint16_t offset_and_more = big_endian_16(header + 2) & 0xfff9;
        if (is_fragment && offset_and_more != 0) {
            fragment.key = key_of_fragment(packet, big_endian_32(header + 4), fragment_header);
            fragment.header = network.first(at);
            fragment.next_at = next_at;
            fragment.next = header[0];
            fragment.header_counted = at - 40;
            fragment.offset = offset_and_more & 0xfff8;
            fragment.more = (offset_and_more & 1) != 0;
            fragment.payload = network.subspan(at + 8);
            return no_problem;
        }
        const std::size_t length = std::size_t{header[1]};
        const bool counts_words = network[next_at] == authentication;
        next_at = at;
        at += is_fragment ? 8 : counts_words ? 4 * (length + 2) : 8 * (length + 1);
    }
    return bad_header;
}

Problem read(const packet::Packet& packet, Fragment& fragment) noexcept {
    if (packet.network.empty()) return bad_header;
    const bool v6 = packet.network[0] >> 4 == 6;
    if (const Problem problem = v6 ? read_ipv6(packet, fragment) : read_ipv4(packet, fragment)) {
        return problem;
    }
    Problem problem;
    if (fragment.more && fragment.payload.size() % unit != 0) {
        problem = Problem("ip.bad_fragment_length");
        // A receiver of IPv6 refuses it (RFC 8200, 4.5), one of IPv4 takes the whole units of it.
        fragment.payload = fragment.payload.first(v6 ? 0 : fragment.payload.size() / unit * unit);
        if (fragment.payload.empty()) return problem;
    }
    if (fragment.payload.empty()) return Problem("ip.empty_fragment");
    if (fragment.header_counted + fragment.end() > length_max) {
        fragment.payload = {};
        return Problem("ip.fragment_too_large");
    }
    if (fragment.offset == 0 && fragment.payload.size() < tcp_header) {
        problem =
            Problem("ip.tiny_fragment");  // RFC 1858, 3: hides the ports or flags from filters
    }
    return problem;
}

struct Page {
    std::array<std::uint8_t, page_bytes> bytes;
    std::array<bool, page_units> came{};
};

/// A datagram on its way.
class Datagram {
public:
    Datagram(const FlowKey& key, Time first) noexcept : key_(key), first_(first) {}

    const FlowKey& key() const noexcept { return key_; }
    Time first() const noexcept { return first_; }
    std::uint64_t bytes() const noexcept {
        return own_bytes + header_.capacity() + sizeof(Page) * pages_;
    }
    static constexpr std::uint64_t own_bytes = 512;  // with its nodes in list and table
    /// Memory that `fragment` will take at most.
    static std::uint64_t bytes_for(const Fragment& fragment) noexcept {
        return fragment.header.size() + sizeof(Page) * (fragment.payload.size() / page_bytes + 2);
    }

    Problem add(const Fragment& fragment) noexcept {
        const std::size_t end = fragment.end();
        const bool ends_elsewhere =
            fragment.more ? end_ > 0 && end > end_ : (end_ > 0 && end != end_) || end < came_to_;
        if (ends_elsewhere) return Problem("ip.conflicting_fragment_end");
        if (!fragment.more) end_ = end;
        came_to_ = std::max(came_to_, end);
        if (fragment.offset == 0 && header_.empty()) {
            header_.assign(fragment.header.begin(), fragment.header.end());
            next_at_ = fragment.next_at;
            next_ = fragment.next;
        }
        bool conflict = false;
        for (std::size_t done = 0; done < fragment.payload.size(); done += unit) {
            const Bytes piece =
                fragment.payload.subspan(done, std::min(unit, fragment.payload.size() - done));
            if (!add_unit((fragment.offset + done) / unit, piece)) conflict = true;
        }
        return conflict ? Problem("ip.conflicting_fragment_overlap") : no_problem;
    }

    bool whole() const noexcept { return end_ > 0 && units_ == (end_ + unit - 1) / unit; }

    /// Whether all of `fragment` is here already.
    bool holds(const Fragment& fragment) const noexcept {
        if (fragment.end() > end_ || (!fragment.more && fragment.end() != end_)) return false;
        for (std::size_t done = 0; done < fragment.payload.size();) {
            const std::size_t at = fragment.offset + done;
            const std::size_t count =
                std::min(page_bytes - at % page_bytes, fragment.payload.size() - done);
            const Page* page = page_of_[at / page_bytes].get();
            if (!page || std::memcmp(page->bytes.data() + at % page_bytes,
                                     fragment.payload.data() + done, count) != 0) {
                return false;
            }
            done += count;
        }
        return true;
    }

    /// The datagram without fragmentation. False if it is longer than an IP packet can be.
    bool assemble(std::vector<std::uint8_t>& out) const noexcept {
        assert(whole() && !header_.empty());
        const bool v6 = header_[0] >> 4 == 6;
        const std::size_t length = header_.size() + end_ - (v6 ? 40 : 0);
        if (length > length_max) return false;
        out.assign(header_.begin(), header_.end());
        out[v6 ? 4 : 2] = static_cast<std::uint8_t>(length >> 8);
        out[v6 ? 5 : 3] = static_cast<std::uint8_t>(length);
        if (v6) {
            out[next_at_] = next_;
        } else {
            out[6] = out[7] = 0;  // flags and offset
            out[10] = out[11] =
                0;  // the checksum, unset as if a network card were still to compute it
        }
        for (std::size_t at = 0; at < end_; at += page_bytes) {
            const std::uint8_t* bytes = page_of_[at / page_bytes]->bytes.data();
            out.insert(out.end(), bytes, bytes + std::min(page_bytes, end_ - at));
        }
        return true;
    }

private:
    /// False if the unit came before and was different.
    bool add_unit(std::size_t number, Bytes piece) noexcept {
        std::unique_ptr<Page>& page = page_of_[number / page_units];
        if (!page) {
            page = std::make_unique<Page>();
            ++pages_;
        }
        std::uint8_t* there = page->bytes.data() + number % page_units * unit;
        bool& came = page->came[number % page_units];
        if (came) return std::memcmp(there, piece.data(), piece.size()) == 0;
        std::memcpy(there, piece.data(), piece.size());
        came = true;
        ++units_;
        return true;
    }

    FlowKey key_;
    Time first_;                        // when its first fragment came, bounded
    std::vector<std::uint8_t> header_;  // of the fragment with offset 0; empty until that came
    std::size_t next_at_ = 0;
    std::uint8_t next_ = 0;
    std::size_t end_ = 0;      // of the fragmented part; 0 until the last fragment came
    std::size_t came_to_ = 0;  // the furthest end of any fragment
    std::size_t units_ = 0;    // that came
    std::size_t pages_ = 0;
    std::array<std::unique_ptr<Page>, pages_max> page_of_;
};

}  // namespace

static_assert(sizeof(Datagram) <= Datagram::own_bytes - 128);

struct Fragments::State {
    using Datagrams = std::list<Datagram>;  // oldest first

    explicit State(const FragmentLimits& given) : limits(given) {
        limits.wait_max = bounded(limits.wait_max);
    }

    struct Place {
        Datagrams* list;
        Datagrams::iterator at;
    };

    FragmentLimits limits;
    FragmentCounts counts;
    Datagrams waiting, whole;
    std::unordered_map<FlowKey, Place, FlowHash> by_key;
    std::uint64_t bytes = 0;              // of all of them
    std::vector<std::uint8_t> assembled;  // what was handed out last

    void forget(Datagrams& list, Datagrams::iterator at) noexcept {
        if (&list == &waiting) ++counts.forgotten;
        bytes -= at->bytes();
        by_key.erase(at->key());
        list.erase(at);
    }

    bool too_old(const Datagram& datagram, Time now) const noexcept {
        return now - datagram.first() > limits.wait_max;
    }

    void forget_old(Time now) noexcept {
        for (Datagrams* list : {&whole, &waiting}) {
            while (!list->empty() && too_old(list->front(), now)) forget(*list, list->begin());
        }
    }

    /// Makes room for one more fragment, of the datagram `kept` if that is not null.
    Problem make_room(std::uint64_t wanted, const Datagram* kept) noexcept {
        Problem problem;
        while (bytes + wanted > limits.bytes_max && !whole.empty()) forget(whole, whole.begin());
        const auto too_many = [&] {
            return bytes + wanted > limits.bytes_max ||
                   (!kept && waiting.size() >= limits.datagrams_max);
        };
        for (auto at = waiting.begin(); at != waiting.end() && too_many();) {
            const auto oldest = at++;
            if (&*oldest == kept) continue;
            forget(waiting, oldest);
            problem = Problem("ip.too_many_fragments");
        }
        return too_many() ? Problem("ip.too_many_fragments") : problem;
    }

    bool has_room(std::uint64_t wanted) const noexcept {
        return bytes + wanted <= limits.bytes_max;
    }

    Problem push(const Fragment& fragment, Time now, Batch<Bytes>& out) noexcept;
    void finish(Datagrams::iterator at, Batch<Bytes>& out, Problem& problem) noexcept;
};

Problem Fragments::State::push(const Fragment& fragment, Time now, Batch<Bytes>& out) noexcept {
    forget_old(now);
    Datagram* datagram = nullptr;
    Datagrams::iterator at;
    if (const auto found = by_key.find(fragment.key); found != by_key.end()) {
        const Place place = found->second;
        at = place.at;
        const bool old = too_old(*at, now);
        if (place.list == &whole && !old && at->holds(fragment)) return no_problem;  // a duplicate
        if (place.list == &whole || old) {
            forget(*place.list, at);
        } else {
            datagram = &*at;
        }
    }
    const std::uint64_t wanted =
        Datagram::bytes_for(fragment) + (datagram ? 0 : Datagram::own_bytes);
    Problem problem = make_room(wanted, datagram);
    if (!has_room(wanted) || limits.datagrams_max == 0) {
        if (datagram) forget(waiting, at);
        return problem;
    }
    if (!datagram) {
        at = waiting.emplace(waiting.end(), fragment.key, now);
        datagram = &*at;
        by_key.emplace(fragment.key, Place{&waiting, at});
        bytes += datagram->bytes();
    }
    bytes -= datagram->bytes();
    problem = problem.or_else(datagram->add(fragment));
    bytes += datagram->bytes();
    if (datagram->whole()) finish(at, out, problem);
    return problem;
}

void Fragments::State::finish(Datagrams::iterator at, Batch<Bytes>& out,
                              Problem& problem) noexcept {
    if (!at->assemble(assembled)) {
        problem = problem.or_else(Problem("ip.fragment_too_large"));
        forget(waiting, at);
        return;
    }
    ++counts.completed;
    out.push_back(assembled);
    whole.splice(whole.end(), waiting, at);
    by_key.find(at->key())->second.list = &whole;
    if (whole.size() > whole_kept_max) forget(whole, whole.begin());
}

Fragments::Fragments(const FragmentLimits& limits) noexcept
    : state_(std::make_unique<State>(limits)) {}

Fragments::~Fragments() = default;

Problem Fragments::push(const packet::Packet& packet, Batch<Bytes>& out) noexcept {
    ++state_->counts.fragments;
    Fragment fragment;
    const Problem problem = read(packet, fragment);
    if (fragment.payload.empty()) return problem;
    return problem.or_else(state_->push(fragment, bounded(packet.time), out));
}

const FragmentCounts& Fragments::counts() const noexcept {
    return state_->counts;
}

}  // namespace umbratap::flow
