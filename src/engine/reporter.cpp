// The last stage.
#include "engine/reporter.h"

#include <algorithm>
#include <chrono>

#include "base/digest.h"

namespace umbratap::engine {

namespace {

bool asked_for(const Options& options, std::string_view event_type) {
    return std::find(options.events.begin(), options.events.end(), event_type) !=
           options.events.end();
}

void redact(inventory::Record& record) {
    auto* call = std::get_if<inventory::Call>(&record);
    if (call == nullptr) return;
    call->arguments = report::redacted_json(call->arguments);
    call->result = report::redacted_json(call->result);
}

constexpr std::chrono::seconds finish_wait_max{10};  // for outputs over a network

}  // namespace

Wanted wanted_by(const Options& options) {
    Wanted wanted;
    wanted.http = asked_for(options, "http");
    wanted.flows = asked_for(options, "flow") || asked_for(options, "stream");
    wanted.streams = asked_for(options, "stream");
    wanted.payloads = options.payloads != Payloads::none;
    wanted.content = options.content;
    return wanted;
}

Reporter::Reporter(const Options& options, report::Sinks sinks, BookPointer book)
    : options_(options),
      book_(std::move(book)),
      store_(options.inventory),
      inventory_(options.inventory_limits, book_->policy, *book_, store_),
      sinks_(std::move(sinks)),
      eve_({}),
      summary_wanted_(options.outputs.empty()) {
    inventory_.adopt(book_->preset, book_->suppressions);
    note_reload(true);
    read_versions();
    if (!options.metrics.empty()) {
        metrics_ = std::make_unique<report::Metrics>(report::MetricsOptions{
            options.metrics, options.metrics_user, options.metrics_password_file});
        metrics_->publish(stats({}), gauges({}));  // all series, before anything is ready
    }
}

Reporter::~Reporter() = default;

void Reporter::adopt(BookPointer book) {
    inventory_.adopt(book->policy, *book);
    inventory_.adopt(book->preset, book->suppressions);
    book_ = std::move(book);
    read_versions();
}

void Reporter::read_versions() {
    rules_version_ = book_->rules.version();
    policy_version_ = book_->policy.version();
    report::EveOptions options{options_.sensor_id, options_.sensor_group, {}, {}};
    if (options_.sensor_versions) {
        options.rules_version = rules_version_;
        options.policy_version = policy_version_;
    }
    eve_.change(std::move(options));
}

void Reporter::push(const Batch<inventory::Sighting>& sightings) {
    for (const inventory::Sighting& sighting : sightings) inventory_.push(sighting, records_);
    tell(records_);
}

void Reporter::tick(Time now) {
    inventory_.tick(now, records_);
    tell(records_);
    report::flush(sinks_, false);
}

void Reporter::tell(Batch<inventory::Record>& records) {
    for (inventory::Record& record : records) {
        if (summary_wanted_) summary_.add(record);
        if (metrics_) metrics_->count(record);
        if (sinks_.empty() || !asked_for(options_, report::event_type(record))) continue;
        if (options_.payloads == Payloads::redacted) redact(record);
        const report::Event event = eve_.event(record);
        for (const auto& sink : sinks_) sink->write(event);
    }
    records.clear();
}

/// Packets whose fate is known: what is in a ring is on its way, not lost, as long as we run.
std::uint64_t Reporter::received(const Counts& counts) const {
    const std::uint64_t known = counts.source.packets + counts.losses.kernel_dropped;
    return ended_ ? std::max(known, counts.losses.received) : known;
}

inventory::Stats Reporter::stats(const Counts& counts) const {
    inventory::Stats stats;
    stats.packets = counts.source.packets;
    stats.bytes = counts.source.bytes;
    stats.drops["filter"] = counts.source.filtered;
    if (counts.losses.received > 0) {
        // received = packets + kernel + worker, exactly; ring is a part of packets, interface of
        // neither.
        stats.drops["kernel"] = counts.losses.kernel_dropped;
        stats.drops["interface"] = counts.losses.interface_dropped;
        stats.drops["ring"] = counts.ring_dropped;
        stats.drops["worker"] =
            received(counts) - counts.source.packets - counts.losses.kernel_dropped;
        inventory::LiveCapture& live = stats.live.emplace();
        live.received = received(counts);
        for (const char* part : {"kernel", "interface", "ring", "worker"})
            live.lost += stats.drops[part];
        live.tcp_gaps = counts.gaps;
    }
    stats.drops["bad_checksum"] = counts.bad_checksums;
    stats.flows.tcp = counts.tcp_flows;
    stats.flows.udp = counts.udp_flows;
    stats.flows.active = counts.active_flows;
    stats.flows.one_direction = counts.one_direction;
    stats.flows.midstream = counts.midstream;
    stats.flows.forgotten = counts.forgotten;
    stats.payload.tcp = counts.tcp_payload;
    stats.payload.quic = counts.quic_payload;
    stats.payload.inspected = counts.fates[Fate::inspected];
    stats.payload.shunted = counts.fates[Fate::shunted];
    for (std::size_t i = 2; i < fate_kinds; ++i) {
        stats.blind[std::string(fate_names[i])] = counts.fates[static_cast<Fate>(i)];
    }
    stats.connections = {{"tls_decrypted", counts.tls.decrypted},
                         {"tls_no_key", counts.tls.no_key},
                         {"tls_ech", counts.tls.ech},
                         {"tls_unsupported", counts.tls.unsupported},
                         {"tls_midstream", counts.tls.midstream},
                         {"tls_broken", counts.tls.broken},
                         {"quic", counts.quic_flows},
                         {"truncated_packets", counts.truncated_packets},
                         {"ignored_checksums", counts.ignored_checksums}};
    stats.sessions = inventory_.sessions();
    stats.alerts = inventory_.alerts();
    stats.suppressed = inventory_.suppressed();
    counts.problems.add_to(stats.problems);
    const inventory::Provenance& provenance = inventory_.provenance();
    if (provenance.forgotten_early() > 0)
        stats.problems["content.fingerprints_forgotten"] = provenance.forgotten_early();
    if (counts.tls.rhythms_left_out > 0)
        stats.problems["tls.rhythm_left_out"] = counts.tls.rhythms_left_out;
    if (provenance.cut() > 0) stats.problems["content.too_long_to_compare"] = provenance.cut();
    return stats;
}

void Reporter::tell_stats(const Counts& counts, Time now) {
    publish(counts);
    if (options_.stats_interval == Duration::zero() || now < stats_due_) return;
    if (stats_due_ != Time{}) {
        inventory::Stats interval = stats(counts);
        interval.time = now;
        records_.emplace_back(std::move(interval));
        tell(records_);
    }
    stats_due_ = now + options_.stats_interval;
}

report::Gauges Reporter::gauges(const Counts& counts) const {
    report::Gauges gauges;
    gauges.memory_bytes = {{"conversations", counts.memory_bytes},
                           {"flows", counts.flow_bytes},
                           {"secrets", counts.secret_bytes},
                           {"rings", counts.source.ring_bytes},
                           {"inventory", store_.bytes()}};
    gauges.packets_received = received(counts);
    gauges.tcp_gaps = counts.gaps;
    gauges.tls_connections = {{"decrypted", counts.tls.decrypted},
                              {"no_key", counts.tls.no_key + counts.tls.ech},
                              {"unsupported", counts.tls.unsupported},
                              {"broken", counts.tls.midstream + counts.tls.broken}};
    gauges.tls_secrets = counts.secrets.good;
    for (std::size_t i = 1; i < counts.http_exchanges.size(); ++i) {
        const auto version = static_cast<http::Version>(i);
        gauges.http_exchanges[std::string(to_string(version))] = counts.http_exchanges[i];
    }
    gauges.servers = store_.servers_by_verdict();
    gauges.sinks = report::counts_of(sinks_);
    gauges.restarts = restarts_;
    gauges.rules_reload_success = reload_success_;
    gauges.rules_reload_timestamp_seconds = reload_seconds_;
    gauges.rules_version = rules_version_;
    gauges.policy_version = policy_version_;
    return gauges;
}

void Reporter::publish(const Counts& counts) {
    if (!metrics_) return;
    metrics_->publish(stats(counts), gauges(counts));
    metrics_->ready(true);
}

void Reporter::finish(const Counts& counts, bool cut_short, Time last) {
    ended_ = true;
    inventory_.finish(records_);
    tell(records_);
    inventory::Stats final = stats(counts);
    final.time = last;
    final.cut_short = cut_short;
    final.final = true;
    records_.emplace_back(std::move(final));
    tell(records_);
    report::flush(sinks_, true);
    report::finish(sinks_, std::chrono::steady_clock::now() + finish_wait_max);
    publish(counts);
}

void Reporter::flush() {
    report::flush(sinks_, false);
}

void Reporter::tell_restart(std::uint64_t restarts, const std::string& reason, Time now) {
    inventory::Alert alert = inventory::alert_of(book_->catalogue.find("sensor-restarted"));
    alert.time = now;
    alert.id = to_hex(
        Bytes(sha1(as_bytes(reason + std::to_string(now.time_since_epoch().count())))).first(8));
    alert.count = restarts;
    alert.matched = reason;
    alert.where = "sensor";
    records_.emplace_back(std::move(alert));
    tell(records_);
    restarts_ = restarts;
}

void Reporter::note_reload(bool success) noexcept {
    reload_success_ = success;
    if (!success) return;
    reload_seconds_ =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void Reporter::reopen() {
    report::reopen(sinks_);
}

std::string Reporter::summary(const report::SummaryOptions& options) const {
    return summary_.render(options);
}

int Reporter::worst_severity() const {
    return inventory_.worst_severity();
}

std::string Reporter::take_trouble() {
    return report::take_trouble(sinks_);
}

bool Reporter::lost_events() const {
    return std::any_of(sinks_.begin(), sinks_.end(),
                       [](const auto& sink) { return sink->counts().dropped > 0; });
}

}  // namespace umbratap::engine
