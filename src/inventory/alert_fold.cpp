// Alerts of one kind between the same parties are one alert with a count.
#include "inventory/alert_fold.h"

#include <algorithm>

#include "base/digest.h"

namespace umbratap::inventory {

namespace {

/// Servers that a provider is to connect to, or whose content it is, are no parties of the flow;
/// each weakness is one of its own.
bool is_about_excerpt(std::string_view category) {
    return category == "indirect-mcp" || category == "vulnerable-software" ||
           category == "cross-server-flow";
}

/// Two tools are two findings, not one that was made twice.
bool is_about_tool(std::string_view category) {
    return category == "tool-not-allowed" || category == "tool-poisoning" ||
           category == "tool-drift" || category == "split-view" || category == "tool-shadowing";
}

std::string key_of(const Alert& alert) {
    std::string key = alert.category + '\0' + std::to_string(alert.signature_id) + '\0';
    if (alert.parties.flow) {
        const Flow& flow = *alert.parties.flow;
        key.append(reinterpret_cast<const char*>(flow.client.address.octets.data()), 16);
        key.append(reinterpret_cast<const char*>(flow.server.address.octets.data()), 16);
        key += std::to_string(flow.server.port);
    }
    return key + '\0' + alert.parties.host + '\0' + std::to_string(alert.parties.port) + '\0' +
           (is_about_tool(alert.category)      ? alert.tool
            : is_about_excerpt(alert.category) ? alert.excerpt + alert.matched
                                               : std::string());
}

}  // namespace

bool AlertFold::suppress(const Alert& alert) {
    if (suppressions_ != nullptr) {
        if (const Suppression* one = suppressions_->find(suppressible(alert))) {
            ++suppressed_[one->name];
            return true;
        }
    }
    if (preset_ == nullptr || preset_->reports(alert.category, alert.matched, alert.severity))
        return false;
    ++suppressed_["preset " + preset_->name];
    return true;
}

void AlertFold::raise(Alert alert, Batch<Record>& out) {
    if (suppress(alert)) return;
    ++raised_[alert.category];
    worst_severity_ = std::min(worst_severity_, alert.severity);
    std::string key = key_of(alert);
    const auto found = open_.find(key);
    if (found != open_.end()) {
        Alert& folded = found->second.alert;
        ++folded.count;
        folded.time = alert.time;
        folded.packet_number = alert.packet_number;
        return;
    }
    if (open_.size() >= open_max_) close_oldest(out);
    const std::string seed = key + '\0' + std::to_string(alert.time.time_since_epoch().count());
    alert.id = to_hex(Bytes(sha1(as_bytes(seed))).first(8));
    alert.count = 1;
    out.emplace_back(alert);
    const Time end = alert.time + window_;
    open_.emplace(key, Window{std::move(alert), end});
    order_.push_back(std::move(key));
}

void AlertFold::close_oldest(Batch<Record>& out) {
    const auto found = open_.find(order_.front());
    if (found->second.alert.count > 1) {
        found->second.alert.closing = true;
        out.emplace_back(std::move(found->second.alert));
    }
    open_.erase(found);
    order_.pop_front();
}

void AlertFold::tick(Time now, Batch<Record>& out) {
    while (!order_.empty() && open_.at(order_.front()).end <= now) close_oldest(out);
}

void AlertFold::finish(Batch<Record>& out) {
    while (!order_.empty()) close_oldest(out);
}

}  // namespace umbratap::inventory
