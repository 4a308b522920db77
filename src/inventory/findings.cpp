// Findings become alerts, and names without content suspicions.
#include <algorithm>

#include "detect/excerpt.h"
#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

/// A name is all that was seen. An answer of DNS tells of a server that nobody has contacted yet:
/// it is held against the policy as the usual port.
Contact contact_of_name(const NameSighting& sighting) {
    const bool resolved = sighting.protocol == "dns";
    Contact contact;
    contact.time = sighting.time;
    contact.client = sighting.flow->client.address;
    if (!resolved) contact.server = sighting.flow->server.address;
    contact.port = resolved ? 443 : sighting.flow->server.port;
    contact.tls = true;
    contact.decrypted_mirror = sighting.flow->origin != nullptr && sighting.flow->origin->decrypted;
    contact.server_name = sighting.name;
    return contact;
}

/// What a message says, in a few words: "tools/call delete_all", "result".
std::string gist_of(const mcp::Message& message) {
    if (message.kind == mcp::Kind::result) return "result";
    if (message.kind == mcp::Kind::error) return "error";
    for (const std::string& name : {message.tool, message.prompt}) {
        if (!name.empty()) return message.method + ' ' + name;
    }
    return message.method;
}

}  // namespace

void set_rule(Alert& alert, std::string_view id, std::uint32_t signature_id, std::string_view title,
              int severity) {
    alert.matched = id;
    alert.signature_id = signature_id;
    alert.signature = title;
    if (severity != 0) alert.severity = severity;
}

Alert Inventory::State::alert_of(std::string_view category) const {
    return inventory::alert_of(rule_set->catalogue.find(category));
}

Alert Inventory::State::alert_about(const LiveSession& session, std::string_view category) const {
    const Session& record = session.session;
    Alert alert = alert_of(category);
    alert.parties = record.parties;
    alert.time = session.last_seen;
    alert.packet_number = record.packet_number;
    alert.verdict = record.judgement.verdict;
    alert.session_id = record.session_id;
    alert.protocol_version = record.protocol_version;
    alert.transport = record.transport;
    return alert;
}

void Inventory::State::raise_shadow(const LiveSession& session, Batch<Record>& out) {
    const Session& record = session.session;
    Alert alert = alert_about(session, "shadow-server");
    alert.where = "session";
    if (!session.evidence.empty()) alert.matched = rules->id(*session.evidence.begin());
    if (!record.judgement.expired.empty())
        alert.metadata["expired_entry"] = {record.judgement.expired};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise_if_lookalike(Alert alert, Batch<Record>& out) {
    Contact names;
    names.host = alert.parties.host;
    names.server_name = alert.parties.server_name;
    const std::optional<Lookalike> lookalike = policy->lookalike(names);
    if (!lookalike) return;
    if (alert.where.empty())
        alert.where = lookalike->name == names.server_name ? "tls.sni" : "request.header.host";
    alert.matched = lookalike->why;
    alert.excerpt = lookalike->name;
    alert.metadata["approved_name"] = {lookalike->approved};
    alert.metadata["policy_entry"] = {lookalike->entry};
    alerts.raise(std::move(alert), out);
}

Alert Inventory::State::alert_about(const Call& call, std::string_view category) const {
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
    return alert;
}

void Inventory::State::raise_found(const std::vector<detect::Finding>& findings, const Call& call,
                                   Batch<Record>& out) {
    for (const detect::Finding& finding : findings) {
        Alert alert = alert_about(call, finding.category);
        set_rule(alert, finding.rule, finding.signature_id, finding.title, finding.severity);
        alert.where = finding.where;
        alert.excerpt = finding.excerpt;
        alert.confidence = finding.confidence;
        alert.parts = finding.parts;
        if (!finding.tool.empty()) alert.tool = finding.tool;
        alerts.raise(std::move(alert), out);
    }
}

std::string Inventory::State::strongest_rule(const detect::Evidence& evidence) const {
    const auto strongest = std::max_element(
        evidence.rules.begin(), evidence.rules.end(), [&](std::uint16_t a, std::uint16_t b) {
            return rules->all()[a].weight < rules->all()[b].weight;
        });
    return strongest == evidence.rules.end() ? std::string() : rules->id(*strongest);
}

void Inventory::State::raise_other_reading(OpenExchange& open, const MessageSighting& sighting,
                                           Batch<Record>& out) {
    const LiveSession* session = session_of(open, {}, sighting.time, out);
    if (session == nullptr && sighting.evidence.confidence < detect::confidence_confirmed) return;
    Call call = call_of(open, sighting);
    if (session != nullptr) {
        call = complete(std::move(call), *session);
    } else {
        call.transport = transport_of(open, call);
        call.session_id = open.place.session_id;
    }
    call.verdict = policy->judge(contact_of(*open.exchange, open.place, call.time)).verdict;
    Alert alert = alert_about(call, "evasion");
    alert.where = call.from_server ? "response.other_reading" : "request.other_reading";
    alert.matched = strongest_rule(sighting.evidence);
    alert.excerpt = gist_of(sighting.message);
    alerts.raise(std::move(alert), out);
}

Alert Inventory::State::alert_about(const NameSighting& sighting, std::string_view category) const {
    Alert alert = alert_of(category);
    alert.parties.flow = sighting.flow;
    alert.parties.host = sighting.name;
    if (sighting.protocol == "dns") {
        alert.where = "dns.question";
    } else {
        alert.where = "tls.sni";
        alert.parties.port = sighting.flow->server.port;
        alert.parties.server_name = sighting.name;
    }
    alert.time = sighting.time;
    alert.packet_number = sighting.packet_number;
    return alert;
}

void Inventory::State::suspect(const NameSighting& sighting, Batch<Record>& out) {
    const bool known =
        contacted.contains(contact_key(sighting.flow->client.address, sighting.name));
    if (sighting.protocol == "dns" && known) return;
    const Judgement judgement = policy->judge(contact_of_name(sighting), Seen::name_only);
    if (judgement.entry.empty()) raise_if_lookalike(alert_about(sighting, "portal-lookalike"), out);
    if (judgement.verdict != Verdict::shadow) return;
    remember_contact(sighting.flow->client.address, sighting.name);
    Alert alert = alert_about(sighting, "suspected-mcp");
    alert.severity = std::max(alert.severity, sighting.severity);
    alert.matched = sighting.rule;
    alert.excerpt = sighting.name;
    if (const int weight = rule_set->rhythms.name_weight(sighting.rule)) {
        alert.confidence = static_cast<std::uint8_t>(weight);
        alert.parts = {"name." + sighting.rule + ' ' + std::to_string(weight)};
    }
    if (!sighting.vendor.empty()) alert.metadata["vendor"] = {sighting.vendor};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::push(const RhythmSighting& sighting, Batch<Record>& out) {
    const Flow& flow = *sighting.flow;
    RhythmWatch::Pair& pair =
        rhythm_watch.add(contact_key(flow.client.address, sighting.server_name) +
                             contact_key(flow.server.address, std::to_string(flow.server.port)),
                         sighting.time, sighting.turns);
    pair.long_lived = pair.long_lived || sighting.long_lived;
    if (pair.told) return;
    NameSighting name{sighting.flow,
                      sighting.time,
                      sighting.packet_number,
                      sighting.server_name,
                      "tls",
                      {},
                      {},
                      0};
    if (const auto match = rule_set->names.find(sighting.server_name)) {
        name.rule = match->rule;
        name.vendor = match->vendor;
    }
    const auto score = rule_set->rhythms.weigh(
        pair.turns, {name.rule, sighting.fingerprint, sighting.protocols, pair.long_lived});
    if (!score || !score->told) return;
    pair.told = true;
    if (policy->judge(contact_of_name(name), Seen::name_only).verdict != Verdict::shadow) return;
    Alert alert = alert_about(name, "suspected-mcp");
    set_rule(alert, score->rule, score->sid, score->title, 0);
    if (name.rule.empty()) alert.matched = "rhythm-alone";
    alert.severity = rule_set->catalogue.find(alert.category).severity_of(alert.matched);
    alert.where = "tls.records";
    alert.excerpt = score->shown;
    alert.parts = score->parts;
    alert.confidence = static_cast<std::uint8_t>(score->confidence);
    if (!name.vendor.empty()) alert.metadata["vendor"] = {name.vendor};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::push(const SignSighting& sighting, Batch<Record>& out) {
    const Exchange& exchange = *sighting.exchange;
    const Place place = place_of(exchange);
    for (const std::uint16_t number : sighting.signs) {
        const detect::Sign sign = rules->sign(number);
        Alert alert = alert_of(sign.category);
        alert.parties = parties_of(exchange, place);
        if (sign.category == "suspected-mcp") {
            const std::string key = contact_key(exchange.flow->client.address, place.host);
            if (contacted.contains(key)) continue;
            const Verdict verdict =
                policy->judge(contact_of(exchange, place, sighting.time)).verdict;
            if (verdict != Verdict::shadow) continue;
            alert.verdict = verdict;
        }
        set_rule(alert, sign.id, sign.sid, sign.title, sign.severity);
        alert.time = sighting.time;
        alert.packet_number = sighting.packet_number;
        alert.where = "request.target";
        alert.excerpt = place.path.substr(0, detect::excerpt_bytes_max);
        alerts.raise(std::move(alert), out);
    }
}

void Inventory::State::push(const MentionSighting& sighting, Batch<Record>& out) {
    const Exchange& exchange = *sighting.exchange;
    for (const detect::Mention& mention : sighting.mentions) {
        if (mention.category.empty()) {
            note_local_server(sighting, mention, out);
            continue;
        }
        Alert alert = alert_of(mention.category);
        if (!mention.host.empty()) {
            Contact contact;
            contact.time = sighting.time;
            contact.client = exchange.flow->client.address;
            contact.port = mention.port;
            contact.tls = mention.tls;
            contact.server_name = mention.tls ? mention.host : std::string();
            contact.host = mention.host;
            contact.path = mention.path;
            const Judgement judgement = policy->judge(contact);
            if (judgement.verdict != Verdict::shadow) continue;
            alert.verdict = judgement.verdict;
            alert.metadata["named_server"] = {mention.host};
        }
        if (!mention.name.empty()) alert.metadata["named_server_label"] = {mention.name};
        alert.parties = parties_of(exchange, place_of(exchange));
        set_rule(alert, mention.rule, mention.signature_id, mention.title, mention.severity);
        alert.time = sighting.time;
        alert.packet_number = sighting.packet_number;
        const bool in_response =
            mention.category == "mcp-tunnel" || mention.category == "local-server-install";
        alert.where = (in_response ? "response.body." : "request.body.") + mention.where;
        alert.excerpt = mention.shown;
        alerts.raise(std::move(alert), out);
    }
}

void Inventory::State::note_local_server(const MentionSighting& sighting,
                                         const detect::Mention& mention, Batch<Record>& out) {
    const Exchange& exchange = *sighting.exchange;
    const std::string key = contact_key(exchange.flow->client.address, mention.name);
    if (local_servers.size() >= limits.alerts_open_max || !local_servers.insert(key).second) return;
    InventoryChange change;
    change.parties = parties_of(exchange, place_of(exchange));
    change.time = sighting.time;
    change.packet_number = sighting.packet_number;
    change.kind = "local-server";
    change.change = "new";
    change.name = mention.name;
    out.emplace_back(std::move(change));
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
