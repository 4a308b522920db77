// Which keys may open a record, and whether they do.
//
// Keys follow each other like rungs: a record that the present ones do not open may be the first
// under the next (a Finished, an EndOfEarlyData or a KeyUpdate may have been lost, early data may
// have been refused). The tag decides.
#include <algorithm>

#include "tls/session_work.h"

namespace umbratap::tls {

namespace {

/// Beside deciphering, new keys cost about as much as a few records.
constexpr std::size_t key_setup_bytes = 4096;
/// Of an empty record, whatever protects it.
constexpr std::size_t record_bytes_min = record_header_bytes + 16;

std::optional<Label> traffic_label(flow::Direction direction, Epoch epoch) noexcept {
    const bool client = direction == flow::Direction::to_server;
    switch (epoch) {
        case Epoch::early:
            return Label::client_early_traffic;
        case Epoch::handshake:
            return client ? Label::client_handshake_traffic : Label::server_handshake_traffic;
        case Epoch::application:
            return client ? Label::client_traffic_0 : Label::server_traffic_0;
        default:
            return std::nullopt;
    }
}

}  // namespace

Epochs Session::Work::next_epochs(const Half& half) const noexcept {
    Epochs next;
    const Exchange* const settled = exchange();
    if (half.epoch == Epoch::application) {  // after a key update
        if (half.protection) next.add(Epoch::application);
        return next;
    }
    if (settled == nullptr) return next;
    if (settled->has_server() && !settled->is_tls13()) {
        if (!half.protection) next.add(Epoch::legacy);
        return next;
    }
    if (!settled->may_be_tls13()) return next;
    const bool early = half.direction == flow::Direction::to_server && settled->early_data() &&
                       !settled->early_data_refused();
    if (half.epoch < Epoch::early && early) next.add(Epoch::early);
    // A handshake whose Finished was read has no protection, and is over.
    if (half.epoch < Epoch::handshake) next.add(Epoch::handshake);
    next.add(Epoch::application);
    return next;
}

/// Calls `try_keys(suite, keys, secret)` for each candidate until it is true. How many there were.
template <class Try>
std::size_t Session::Work::try_candidates(const Half& half, Epoch epoch, Try try_keys) {
    std::size_t count = 0;
    const auto try_secret = [&](const Suite& of, const Secret& secret) {
        ++count;
        const auto keys = traffic_keys(of, secret);
        return keys && try_keys(of, *keys, secret);
    };
    if (epoch == Epoch::application && half.epoch == Epoch::application) {
        const auto next = next_traffic_secret(suite.hash, half.secret);
        if (next) try_secret(suite, *next);
        return count;
    }
    Exchange& settled = *exchange();
    if (epoch == Epoch::legacy) {
        for (const Secret& master : settled.masters(*secrets)) {
            ++count;
            const auto keys = settled.keys_of(master);
            if (keys && try_keys(settled.suite(), (*keys)[flow::index(half.direction)], master)) {
                break;
            }
        }
        return count;
    }
    for (const Secret* secret :
         secrets->find(*traffic_label(half.direction, epoch), settled.id())) {
        for (const std::uint16_t number : settled.suites_for(*secret)) {
            if (try_secret(find_suite(number), *secret)) return count;
        }
    }
    return count;
}

Trial Session::Work::open(Half& half, const Record& record) {
    Trial trial;
    if (half.protection) {
        trial.no_candidates = false;
        trial.opened = half.protection->open(record, half.sequence, workspace->room());
        if (trial.opened) {
            ++half.sequence;
            return trial;
        }
    }
    open_with_next(half, record, 0, trial);
    return trial;
}

Trial Session::Work::open_after_loss(Half& half, const Record& record) {
    Trial trial;
    if (half.protection) {
        Protection& protection = *half.protection;
        trial.no_candidates = false;
        const auto try_number = [&](std::uint64_t lost) {
            if (!spend(record.bytes.size())) return true;
            trial.opened = protection.open(record, half.sequence + lost, workspace->room());
            if (!trial.opened) return false;
            half.sequence += lost + 1;
            trial.records_lost = lost;
            return true;
        };
        if (!protection.stands_alone()) return trial;
        // What was lost is whole records: so many at least, so many at most.
        const std::uint64_t most = half.lost_bytes / protection.overhead_bytes();
        const std::uint64_t least = half.lost_bytes / (record_header_bytes + record_body_bytes_max);
        const auto distance = protection.nonce_distance(record);
        if (distance && *distance >= 1 && *distance - 1 <= most && try_number(*distance - 1)) {
            return trial;
        }
        for (std::uint64_t lost = least; lost <= most; ++lost) {
            if (try_number(lost)) return trial;
        }
        if (least > 0 && try_number(0)) return trial;  // nothing was lost, something was added
    }
    open_with_next(half, record, half.lost_bytes / record_bytes_min + 1, trial);
    return trial;
}

void Session::Work::open_with_next(Half& half, const Record& record, std::uint64_t last_sequence,
                                   Trial& trial) {
    for (const Epoch epoch : next_epochs(half)) {
        const std::size_t count = try_candidates(
            half, epoch, [&](const Suite& of, const TrafficKeys& keys, const Secret& secret) {
                if (!try_keys(half, record, of, keys, last_sequence, trial)) return false;
                half.epoch = epoch;
                if (epoch == Epoch::legacy) {
                    exchange()->prove(secret, *secrets);
                } else {
                    half.secret = secret;
                    suite = of;
                    if (exchange() != nullptr && !exchange()->has_server()) exchange()->settle(of);
                }
                return true;
            });
        if (trial.opened) return;
        if (count > 0) {
            trial.no_candidates = false;
        } else if (epoch == Epoch::handshake) {
            trial.handshake_key_missing = true;
        }
    }
    if (trial.no_candidates) trial.handshake_key_missing = false;
}

/// True if they open the record, as one of the first.
bool Session::Work::try_keys(Half& half, const Record& record, const Suite& of,
                             const TrafficKeys& keys, std::uint64_t last_sequence, Trial& trial) {
    if (!spend(key_setup_bytes)) return false;
    const bool legacy = !of.tls13;
    auto protection = Protection::make(legacy ? exchange()->version() : tls_1_3, of,
                                       legacy && exchange()->encrypt_then_mac(), keys);
    if (!protection) return false;
    for (std::uint64_t sequence = 0; sequence <= last_sequence; ++sequence) {
        if (!spend(record.bytes.size())) return false;
        trial.opened = protection->open(record, sequence, workspace->room());
        if (!trial.opened) continue;
        trial.new_keys = true;
        trial.records_lost = sequence;
        half.protection = std::move(protection);
        half.sequence = sequence + 1;
        return true;
    }
    return false;
}

std::size_t Session::Work::count_candidates(const Half& half) const {
    const Exchange* const settled = exchange();
    if (settled == nullptr) return 0;
    std::size_t count = 0;
    for (const Epoch epoch : next_epochs(half)) {
        if (const auto label = traffic_label(half.direction, epoch)) {
            count += secrets->find(*label, settled->id()).count;
        } else {
            count += settled->masters(*secrets).size();
        }
    }
    return count;
}

/// For `umbratap keys status`: what was sought and is not there.
void Session::Work::note_missing_keys(const Half& half) {
    const Exchange* const settled = exchange();
    if (settled == nullptr) return;
    labels_missing_ = 0;
    bool any = false;
    for (int label = 0; label < static_cast<int>(Label::other); ++label) {
        any = any || secrets->find(static_cast<Label>(label), settled->id()).count > 0;
    }
    for (const Epoch epoch : next_epochs(half)) {
        const Label label = traffic_label(half.direction, epoch).value_or(Label::client_random);
        if (epoch == Epoch::early || secrets->find(label, settled->id()).count > 0) continue;
        labels_missing_ |= 1U << static_cast<unsigned>(label);
    }
    why_ = !any                    ? WhyNoKey::no_entry
           : settled->has_server() ? WhyNoKey::labels_missing
                                   : WhyNoKey::no_server_hello;
}

bool Session::Work::spend(std::size_t bytes) noexcept {
    if (bytes > trial_credit_) {
        trial_credit_ = 0;
        return false;
    }
    trial_credit_ -= bytes;
    return true;
}

}  // namespace umbratap::tls
