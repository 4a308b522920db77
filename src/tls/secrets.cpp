// The secrets that we were given.
#include "tls/secrets.h"

#include <algorithm>

namespace umbratap::tls {

void Secrets::add(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        add_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void Secrets::add_line(std::string_view line) {
    if (is_key_log_comment(line)) return;
    const auto read = read_key_log_line(line);
    if (!read) {
        ++counts_.bad;
    } else if (read->label == Label::other || insert({read->label, read->id}, read->secret)) {
        ++counts_.good;
        forget_missed(read->id);
    } else {
        ++counts_.duplicate;
    }
}

void Secrets::note_missed(const SecretId& id) {
    const auto [at, is_new] = missed_.insert(id);
    if (!is_new) return;
    missed_order_.push_back(id);
    if (missed_order_.size() <= missed_max) return;
    missed_.erase(missed_order_.front());
    missed_order_.pop_front();
}

void Secrets::forget_missed(const SecretId& id) {
    if (missed_.erase(id) == 0) return;
    std::erase(missed_order_, id);
    ++counts_.late;
}

void Secrets::add(Label label, const SecretId& id, const Secret& secret) {
    insert({label, id}, secret);
}

bool Secrets::insert(const Name& name, const Secret& secret) {
    const auto at = index_.try_emplace(name).first;
    Places& places = at->second;
    for (std::uint8_t i = 0; i < places.count; ++i) {
        if (slots_[places.slots[i]].secret == secret) return false;
    }
    if (places.count == candidates_max) {  // the oldest of the name makes room
        slots_[places.slots[0]].secret = secret;
        std::rotate(places.slots.begin(), places.slots.begin() + 1, places.slots.end());
        ++counts_.evicted;
    } else if (const auto slot = take_slot(at, secret)) {
        places.slots[places.count++] = *slot;
    } else {
        index_.erase(at);
        return false;
    }
    ++generation_;
    return true;
}

/// A new slot, or that of the oldest secret. Nothing if there is neither.
std::optional<std::uint32_t> Secrets::take_slot(Index::iterator name, const Secret& secret) {
    if (slots_.size() < limits_.secrets_max && slots_.push_back({name, secret})) {
        return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    if (slots_.size() == 0) return std::nullopt;
    const std::uint32_t slot = oldest_;
    oldest_ = (oldest_ + 1) % static_cast<std::uint32_t>(slots_.size());
    const auto evicted = slots_[slot].name;
    Places& places = evicted->second;
    const auto end = places.slots.begin() + places.count;
    const auto at = std::find(places.slots.begin(), end, slot);
    std::copy(at + 1, end, at);
    if (--places.count == 0 && evicted != name) index_.erase(evicted);
    ++counts_.evicted;
    slots_[slot] = {name, secret};
    return slot;
}

Secrets::Candidates Secrets::find(Label label, const SecretId& id) const noexcept {
    Candidates found;
    const auto at = index_.find({label, id});
    if (at == index_.end()) return found;
    for (; found.count < at->second.count; ++found.count) {
        found.secrets[found.count] = &slots_[at->second.slots[found.count]].secret;
    }
    return found;
}

const PrivateKey* Secrets::find_private_key(Bytes public_key) const noexcept {
    const auto at = std::find_if(private_keys_.begin(), private_keys_.end(),
                                 [&](const PrivateKey& key) { return key.belongs_to(public_key); });
    return at == private_keys_.end() ? nullptr : &*at;
}

}  // namespace umbratap::tls
