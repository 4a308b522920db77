// One wire: a client and a server, exchanges between them, and what the inventory says.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "inventory/inventory.h"

namespace umbratap::inventory {

inline std::string rules_directory() {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    return std::string(root != nullptr ? root : ".") + "/rules";
}

inline const detect::RuleSet& rules() {
    static const detect::RuleSet one(rules_directory());
    return one;
}

inline Time at(double seconds) {
    return Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

/// One wire: a client and a server, exchanges between them, and what the inventory says.
struct Wire {
    Policy policy;
    Store store{""};
    Inventory inventory{{}, policy, rules(), store};
    std::vector<Record> told;
    double now = 1;
    std::string host = "tools.example", server_name;
    std::uint64_t packet = 0, last_exchange = 0;
    std::shared_ptr<Flow> flow = std::make_shared<Flow>();
    mcp::Watch watch = rules().rules.watch();
    mcp::Decoder decoder{{}, watch, {.payloads = false, .strings = true}};

    explicit Wire(Policy p = {}) : policy(std::move(p)) {
        const std::uint8_t client[] = {10, 0, 0, 1}, server[] = {10, 0, 0, 2};
        flow->client = {packet::Address::from_v4(client), 40000};
        flow->server = {packet::Address::from_v4(server), 8000};
    }

    struct Post {
        std::string target = "/mcp", id_sent, method = "POST";
        std::uint16_t status = 200;
        std::string id_given;
        std::vector<std::pair<std::string, std::string>> fields = {};
    };

    std::shared_ptr<Exchange> begin(const Post& post) {
        auto exchange = std::make_shared<Exchange>();
        exchange->flow = flow;
        exchange->connection = 1;
        exchange->id = ++last_exchange;
        if (!server_name.empty()) exchange->tls = {"1.3", server_name};
        auto head = std::make_shared<http::Head>();
        head->method = post.method;
        head->target = post.target;
        head->authority = host + ":8000";
        if (!post.id_sent.empty()) head->fields.add("Mcp-Session-Id", post.id_sent);
        for (const auto& [name, value] : post.fields) head->fields.add(name, value);
        exchange->request = head;
        return exchange;
    }

    std::shared_ptr<Exchange> answered(const std::shared_ptr<Exchange>& exchange,
                                       const Post& post) {
        auto both = std::make_shared<Exchange>(*exchange);
        auto head = std::make_shared<http::Head>();
        head->is_request = false;
        head->status = post.status;
        if (!post.id_given.empty()) head->fields.add("Mcp-Session-Id", post.id_given);
        both->response = head;
        push(HeadSighting{both, at(now), ++packet,
                          rules().rules.weigh(*exchange->request, head.get())});
        return both;
    }

    void say(const std::shared_ptr<Exchange>& exchange, http::Direction direction,
             const std::string& text, http::TextKind kind = http::TextKind::body,
             bool alternate = false) {
        std::vector<mcp::Message> messages;
        decoder.decode(as_bytes(text), false, messages);
        const bool answer = direction == http::Direction::to_client;
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const mcp::Message& message = messages[i];
            std::vector<detect::Finding> findings;
            rules().evasions.find(message, decoder.strings(i),
                                  answer ? nullptr : exchange->request.get(), findings);
            const detect::Evidence evidence = rules().rules.weigh(
                message,
                {exchange->request.get(), answer ? exchange->response.get() : nullptr, kind, {}});
            push(MessageSighting{exchange, kind, direction, at(now), ++packet, message, evidence,
                                 alternate, findings});
        }
    }

    /// A whole exchange: request text, and answer text if there is one.
    void exchange(const Post& post, const std::string& request, const std::string& answer) {
        now += 0.1;
        auto open = begin(post);
        if (!request.empty()) say(open, http::Direction::to_server, request);
        open = answered(open, post);
        if (!answer.empty()) say(open, http::Direction::to_client, answer);
        push(ExchangeSighting{open, at(now), ++packet, 0, 0});
    }

    /// Alert events of a category, closing ones too.
    std::vector<Alert> alerts_of(std::string_view category) const {
        std::vector<Alert> some = all<Alert>();
        std::erase_if(some, [&](const Alert& alert) { return alert.category != category; });
        return some;
    }
    /// The alerts of a category, as "rule severity".
    std::vector<std::string> alerts(std::string_view category) const {
        std::vector<std::string> some;
        for (const Alert& alert : all<Alert>()) {
            if (alert.category == category && !alert.closing)
                some.push_back(alert.matched + ' ' + std::to_string(alert.severity));
        }
        return some;
    }

    void push(const Sighting& sighting) { inventory.push(sighting, told); }
    void finish() { inventory.finish(told); }

    template <class T>
    std::vector<T> all() const {
        std::vector<T> some;
        for (const Record& record : told) {
            if (const auto* one = std::get_if<T>(&record)) some.push_back(*one);
        }
        return some;
    }
};

}  // namespace umbratap::inventory
