// Findings become alerts, and names without content suspicions.
#include <algorithm>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

/// A name is all that was seen. An answer of DNS tells of a server that nobody has contacted yet:
/// it is held against the policy as the usual port.
Contact contact_of_name(const NameSighting& sighting, bool decrypted_mirror) {
    const bool resolved = sighting.protocol == "dns";
    Contact contact;
    contact.time = sighting.time;
    contact.client = sighting.flow->client.address;
    if (!resolved) contact.server = sighting.flow->server.address;
    contact.port = resolved ? 443 : sighting.flow->server.port;
    contact.tls = true;
    contact.decrypted_mirror = decrypted_mirror;
    contact.server_name = sighting.name;
    return contact;
}

}  // namespace

Alert Inventory::State::alert_of(std::string_view category) const {
    const detect::AlertKind& known = catalogue.find(category);
    Alert alert;
    alert.category = category;
    alert.signature = known.signature;
    alert.signature_id = known.signature_id;
    alert.rev = known.rev;
    alert.severity = known.severity;
    alert.metadata = known.metadata;
    return alert;
}

void Inventory::State::raise_shadow(const LiveSession& session, Batch<Record>& out) {
    const Session& record = session.session;
    Alert alert = alert_of("shadow-server");
    alert.parties = record.parties;
    alert.time = session.last_seen;
    alert.packet_number = record.packet_number;
    alert.verdict = record.judgement.verdict;
    alert.session_id = record.session_id;
    alert.protocol_version = record.protocol_version;
    alert.transport = record.transport;
    alert.where = "session";
    if (!session.evidence.empty()) alert.matched = rules.id(*session.evidence.begin());
    if (!record.judgement.expired.empty())
        alert.metadata["expired_entry"] = {record.judgement.expired};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise(std::string_view category, const Call& call, std::string where,
                             std::string matched, Batch<Record>& out) {
    Alert alert = alert_of(category);
    alert.parties = call.parties;
    alert.time = call.time;
    alert.packet_number = call.packet_number;
    alert.verdict = call.verdict;
    alert.method = call.method;
    alert.tool = call.tool;
    alert.session_id = call.session_id;
    alert.protocol_version = call.protocol_version;
    alert.transport = call.transport;
    alert.where = std::move(where);
    alert.matched = std::move(matched);
    alerts.raise(std::move(alert), out);
}

void Inventory::State::suspect(const NameSighting& sighting, Batch<Record>& out) {
    const bool known =
        contacted.contains(contact_key(sighting.flow->client.address, sighting.name));
    if (sighting.protocol == "dns" && known) return;
    if (policy.judge(contact_of_name(sighting, decrypted_mirror), Seen::name_only).verdict !=
        Verdict::shadow)
        return;
    remember_contact(sighting.flow->client.address, sighting.name);
    Alert alert = alert_of("suspected-mcp");
    alert.parties.flow = sighting.flow;
    alert.parties.host = sighting.name;
    if (sighting.protocol == "dns") {
        alert.parties.port = 0;
    } else {
        alert.parties.port = sighting.flow->server.port;
        alert.parties.server_name = sighting.protocol == "http" ? std::string() : sighting.name;
    }
    alert.time = sighting.time;
    alert.packet_number = sighting.packet_number;
    alert.severity = std::max(alert.severity, sighting.severity);
    alert.where = sighting.protocol == "dns"    ? "dns.question"
                  : sighting.protocol == "http" ? "http.host"
                                                : "tls.sni";
    alert.matched = sighting.rule;
    alert.excerpt = sighting.name;
    if (!sighting.vendor.empty()) alert.metadata["vendor"] = {sighting.vendor};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::contact(const Parties& parties) {
    if (parties.host.empty() && parties.server_name.empty()) return;
    const std::string& host = parties.host.empty() ? parties.server_name : parties.host;
    remember_contact(parties.flow->client.address, host);
}

std::string Inventory::State::contact_key(const packet::Address& client, std::string_view host) {
    return std::string(reinterpret_cast<const char*>(client.octets.data()), 16).append(host);
}

void Inventory::State::remember_contact(const packet::Address& client, std::string_view host) {
    std::string key = contact_key(client, host);
    if (!contacted.insert(key).second) return;
    contacted_order.push_back(std::move(key));
    if (contacted_order.size() > limits.alerts_open_max) {
        contacted.erase(contacted_order.front());
        contacted_order.pop_front();
    }
}

}  // namespace umbratap::inventory
