// The name of an event.
#include "report/event_id.h"

#include <cstring>

namespace umbratap::report {

namespace {

using namespace inventory;

// A 64-bit hash by multiplying 64 x 64 bits and folding the product, as wyhash and its kin do.
__extension__ using Product = unsigned __int128;

class Hash {
public:
    void add(std::uint64_t value) noexcept {
        const auto product = static_cast<Product>(state_ ^ value) * 0x9e3779b97f4a7c15ULL;
        state_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^
                 0xa0761d6478bd642fULL;
    }
    void add(std::string_view text) noexcept {
        add(text.size());
        for (; text.size() >= 8; text.remove_prefix(8)) {
            std::uint64_t word;
            std::memcpy(&word, text.data(), 8);
            add(word);
        }
        std::uint64_t rest = 0;
        for (const char c : text) rest = rest << 8 | static_cast<std::uint8_t>(c);
        add(rest);
    }
    void add(Time time) noexcept {
        add(static_cast<std::uint64_t>(time.time_since_epoch().count()));
    }
    void add(const Flow* flow, Time time) noexcept {
        add(flow != nullptr ? flow->id : 0);
        add(time);
    }
    std::uint64_t finish() noexcept {
        add(std::uint64_t{0});
        add(std::uint64_t{0});
        return state_;
    }

private:
    std::uint64_t state_ = 0x2d358dccaa6c78a5ULL;
};

void add(const Parties& parties, Time time, Hash& hash) noexcept {
    hash.add(parties.flow.get(), time);
    hash.add(parties.host);
    hash.add(parties.path);
    hash.add(parties.port);
}

void add(const Call& call, Hash& hash) noexcept {
    add(call.parties, call.time, hash);
    hash.add(static_cast<std::uint64_t>(call.notification) |
             static_cast<std::uint64_t>(call.from_server) << 1 |
             static_cast<std::uint64_t>(call.outcome) << 2);
    for (const std::string* text :
         {&call.method, &call.id, &call.tool, &call.prompt, &call.resource_uri, &call.session_id}) {
        hash.add(*text);
    }
    hash.add(call.request_bytes);
    hash.add(call.response_bytes);
}

void add(const Session& session, Hash& hash) noexcept {
    add(session.parties, session.end, hash);
    hash.add(session.session_id);
    hash.add(session.parties.client.name);
    hash.add(session.start);
    for (const auto* counts : {&session.methods, &session.server_methods}) {
        for (const auto& [method, count] : *counts) {
            hash.add(method);
            hash.add(count);
        }
    }
}

void add(const Alert& alert, Hash& hash) noexcept {
    add(alert.parties, alert.time, hash);
    hash.add(alert.id);
    hash.add(alert.signature_id);
    hash.add(alert.closing);
}

void add(const InventoryChange& change, Hash& hash) noexcept {
    add(change.parties, change.time, hash);
    for (const std::string* text : {&change.kind, &change.change, &change.name, &change.fingerprint,
                                    &change.parties.client.name, &change.parties.client.version,
                                    &change.parties.server.name, &change.parties.server.version}) {
        hash.add(*text);
    }
}

void add(const Anomaly& anomaly, Hash& hash) noexcept {
    hash.add(anomaly.flow.get(), anomaly.time);
    hash.add(anomaly.event);
}

void add(const HttpExchange& http, Hash& hash) noexcept {
    hash.add(http.exchange ? http.exchange->flow.get() : nullptr, http.time);
    hash.add(http.exchange ? http.exchange->id : 0);
}

void add(const TlsHandshake& tls, Hash& hash) noexcept {
    hash.add(tls.flow.get(), tls.time);
    hash.add(tls.server_name);
}

void add(const FlowEnd& end, Hash& hash) noexcept {
    hash.add(end.flow.flow.get(), end.flow.time);
}
void add(const StreamEnd& end, Hash& hash) noexcept {
    hash.add(end.flow.flow.get(), end.flow.time);
}

void add(const Stats& stats, Hash& hash) noexcept {
    hash.add(stats.time);
    hash.add(stats.packets);
    hash.add(stats.final);
}

}  // namespace

std::uint64_t event_id(const Record& record) noexcept {
    Hash hash;
    hash.add(record.index());
    std::visit([&](const auto& of) { add(of, hash); }, record);
    return hash.finish();
}

std::uint64_t EventIds::next(const Record& record) noexcept {
    const std::uint64_t id = event_id(record);
    Seen& seen = last_seen_[id % entries];
    if (seen.id != id) {
        seen = {id, 0};
        return id;
    }
    Hash hash;
    hash.add(id);
    hash.add(++seen.twins);
    return hash.finish();
}

}  // namespace umbratap::report
