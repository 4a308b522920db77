// Several rings, read in turn by one thread.
//
// A ring is asked for frames only when poll() says that it has some. So it is here, and not in
// libpcap, that the kernel's word of an interface that went down arrives.
#include "capture/interface.h"

#include <algorithm>
#include <cerrno>

namespace umbratap::capture {

namespace {

constexpr std::size_t frames_max = 256;  // a batch; at usual lengths it stays in the second cache
constexpr int wait_max_ms = 200;
constexpr int silent_waits_max = 5;         // a second; then what is missing will not come
constexpr std::uint64_t reads_a_look = 64;  // when interfaces are looked at although frames come

}  // namespace

InterfaceSource::InterfaceSource(const InterfaceOptions& options, bool tells_devices)
    : tells_devices_(tells_devices),
      ring_bytes_(options.ring_bytes),
      frame_bytes_max_(PacketRing::bytes_max(options.snap_length)),
      memory_(std::make_unique_for_overwrite<std::uint8_t[]>(frames_max * frame_bytes_max_)) {}

void InterfaceSource::add(std::unique_ptr<PacketRing> ring) {
    const auto state = states_.find(ring->interface_index());
    Reading& reading = readings_.emplace_back();
    reading.ring = std::move(ring);
    if (state) reading.lost_before = state->lost_in;
    polled_.resize(readings_.size());
}

bool InterfaceSource::read(Batch<Frame>& out) {
    bool any_open = false;
    for (std::size_t i = 0; i < readings_.size(); ++i) {
        const PacketRing& ring = *readings_[i].ring;
        any_open = any_open || ring.is_open();
        polled_[i] = {ring.descriptor(), POLLIN, 0};  // poll() passes over what is closed
    }
    if (stopped_ && !any_open) return false;
    const int count = poll(polled_.data(), polled_.size(), wait_max_ms);
    if (count < 0 && errno == EINTR) return true;
    const bool silent = count <= 0;
    const bool look = ++reads_ % reads_a_look == 0 || silent;
    for (std::size_t i = 0; i < readings_.size(); ++i) {
        if (polled_[i].fd >= 0 && (look || (polled_[i].revents & ~POLLIN) != 0))
            look_after(readings_[i], polled_[i].revents);
    }
    read_ready(out);
    end_what_is_empty(silent);
    return true;
}

/// All that have frames share the batch, and begin it in turn.
void InterfaceSource::read_ready(Batch<Frame>& out) {
    const auto is_ready = [](const pollfd& polled) { return (polled.revents & POLLIN) != 0; };
    const auto count =
        static_cast<std::size_t>(std::count_if(polled_.begin(), polled_.end(), is_ready));
    std::span<std::uint8_t> memory(memory_.get(), frames_max * frame_bytes_max_);
    for (std::size_t turn = 0; turn < polled_.size(); ++turn) {
        const std::size_t i = (reads_ + turn) % polled_.size();
        if (!is_ready(polled_[i])) continue;
        PacketRing& ring = *readings_[i].ring;
        const std::size_t share = std::max<std::size_t>(1, frames_max / count);
        if (memory.size() < share * frame_bytes_max_) return;
        memory = memory.subspan(ring.read(share, memory, out));
        if (!ring.trouble().empty()) give_up(readings_[i], ring.trouble());
    }
}

/// `events`: what poll() said of it, if it did.
void InterfaceSource::look_after(Reading& reading, short events) {
    PacketRing& ring = *reading.ring;
    const std::string& name = ring.origin().name;
    count_losses(reading);
    if (reading.ending) return ring.clear_error();
    const bool error = (events & POLLERR) != 0;
    if (error) ring.clear_error();
    if ((error || reading.down) && ring.is_removed()) {  // it goes down first, with one error
        notices_.push_back({name + ": the interface was removed", false});
        gone_.push_back(name);
        reading.ending = true;
    } else if (error && !reading.down) {
        notices_.push_back(
            {name + ": the interface went down; waiting for it to come back", false});
        reading.down = true;
    } else if (reading.down) {
        const auto state = states_.find(ring.interface_index());
        if (!state || !state->up) return;
        notices_.push_back({name + ": the interface is up again", false});
        reading.down = false;
    }
}

void InterfaceSource::give_up(Reading& reading, const std::string& why) {
    const std::string& name = reading.ring->origin().name;
    notices_.push_back({name + ": cannot be read any longer: " + why, false});
    count_losses(reading);
    reading.ring->close();
    gone_.push_back(name);
}

/// `silent`: nothing came for a while.
void InterfaceSource::end_what_is_empty(bool silent) {
    for (Reading& reading : readings_) {
        if (!reading.ending || !reading.ring->is_open()) continue;
        if (silent) ++reading.silent_waits;
        // What was on its way when the door was closed may still come. It is not counted either
        // once the ring is closed, so that the sums are equal.
        count_losses(reading);
        const PacketRing& ring = *reading.ring;
        if (!ring.is_empty() && reading.silent_waits < silent_waits_max) continue;
        if (!ring.is_empty()) {
            const std::uint64_t missing =
                ring.losses().received - ring.losses().kernel_dropped - ring.counts().packets;
            notices_.push_back({ring.origin().name + ": " + std::to_string(missing) +
                                    " frames that came in could not be read",
                                false});
        }
        reading.ring->close();
    }
}

void InterfaceSource::stop() {
    stopped_ = true;
    for (Reading& reading : readings_) {
        if (!reading.ring->is_open()) continue;
        reading.ending = reading.ring->stop();
        if (!reading.ending) give_up(reading, "frames cannot be kept from coming in");
    }
}

SourceCounts InterfaceSource::counts() const {
    SourceCounts sum;
    for (const Reading& reading : readings_) {
        sum += reading.ring->counts();
        sum.ring_bytes += ring_bytes_;
    }
    return sum;
}

void InterfaceSource::count_losses(Reading& reading) {
    reading.ring->count_losses();
    if (!tells_devices_) return;
    const auto state = states_.find(reading.ring->interface_index());
    if (!state) return;
    // Some drivers begin anew when the interface does.
    if (state->lost_in < reading.lost_before) reading.lost_before = state->lost_in;
    reading.lost_by_device += state->lost_in - reading.lost_before;
    reading.lost_before = state->lost_in;
}

std::vector<InterfaceSource::Interface> InterfaceSource::interfaces() {
    std::vector<Interface> all;
    for (Reading& reading : readings_) {
        if (reading.ring->is_open()) count_losses(reading);
        all.push_back({reading.ring->origin().name, reading.ring->losses()});
        all.back().losses.interface_dropped = reading.lost_by_device;
    }
    return all;
}

LossCounts InterfaceSource::losses() {
    LossCounts sum;
    for (const Interface& interface : interfaces()) sum += interface.losses;
    return sum;
}

std::vector<std::unique_ptr<InterfaceSource>> open_interfaces(const InterfaceOptions& options) {
    std::vector<std::unique_ptr<InterfaceSource>> sources;
    for (unsigned i = 0; i < options.members; ++i) {
        sources.push_back(std::unique_ptr<InterfaceSource>(new InterfaceSource(options, i == 0)));
    }
    std::vector<PacketRing*> all;
    for (const std::string& name : options.names) {
        if (std::count(options.names.begin(), options.names.end(), name) > 1)
            throw InputError(name + ": is named twice; each frame would count twice");
        std::vector<std::unique_ptr<PacketRing>> rings;
        std::string absent;
        while (rings.size() < sources.size() && absent.empty())
            rings.push_back(PacketRing::open(name, options, absent));
        if (!absent.empty()) {
            if (!options.may_be_gone) throw InputError(absent);
            for (const auto& source : sources) source->gone_.push_back(name);
            continue;
        }
        std::optional<std::uint16_t> group;
        for (std::size_t i = 0; i < rings.size(); ++i) {
            if (rings.size() > 1) group = rings[i]->share(group);
            all.push_back(rings[i].get());
            sources[i]->add(std::move(rings[i]));
        }
    }
    for (PacketRing* ring : all) ring->discard();
    for (PacketRing* ring : all) ring->begin(options.filter);
    return sources;
}

}  // namespace umbratap::capture
