// One evidence rule, as read from its file.
#include "detect/rule.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace umbratap::detect {

namespace {

constexpr std::array<std::string_view, 4> kind_names = {"request", "notification", "result",
                                                        "error"};
constexpr std::array<std::string_view, 4> text_kind_names = {"body", "event", "websocket", "line"};

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

Place read_place(const YamlMember& member, std::string& header) {
    constexpr std::string_view request = "request.header.", response = "response.header.";
    if (member.key.starts_with(request) && member.key.size() > request.size()) {
        header = lower(member.key.substr(request.size()));
        return Place::request_header;
    }
    if (member.key.starts_with(response) && member.key.size() > response.size()) {
        header = lower(member.key.substr(response.size()));
        return Place::response_header;
    }
    constexpr std::array<std::string_view, 8> names = {
        "request.method",  "request.path", "request.host", "request.query",
        "response.status", "text.kind",    "text.event",   "text.data"};
    const auto found = std::find(names.begin(), names.end(), member.key);
    if (found == names.end()) {
        constexpr std::array<std::string_view, 12> keys = {
            "kind",         "method",        "request.method",  "request.path",
            "request.host", "request.query", "response.status", "text.kind",
            "text.event",   "text.data",     "request.header.", "response.header."};
        member.key_node.fail("unknown condition '" + member.key + "'" +
                             suggestion(member.key, keys) +
                             " (a place in the message is a JSON pointer and begins with '/')");
    }
    return static_cast<Place>(static_cast<int>(Place::request_method) + (found - names.begin()));
}

void read_condition(Rule& rule, const YamlMember& member, Reading& reading) {
    if (member.key == "kind") {
        for (const YamlNode& kind : member.value.elements_or_one()) {
            rule.kinds |= static_cast<std::uint8_t>(1U << kind.one_of(kind_names));
        }
    } else if (member.key == "method") {
        Condition condition = Condition::read(member.value, reading.lists, Condition::Values::text,
                                              reading.databases);
        rule.methods = condition.only_texts();
        if (rule.methods.empty()) rule.method_tests.push_back(std::move(condition));
    } else if (member.key.starts_with('/')) {
        try {
            const std::uint16_t pointer = reading.watch.add(member.key);
            rule.pointers.push_back(
                {pointer, Condition::read(member.value, reading.lists, Condition::Values::json,
                                          reading.databases)});
        } catch (const std::invalid_argument& broken) {
            member.key_node.fail(std::string("expected a JSON pointer: ") + broken.what());
        }
    } else {
        AroundCondition around;
        around.place = read_place(member, around.header);
        around.condition = Condition::read(member.value, reading.lists, Condition::Values::text,
                                           reading.databases);
        rule.around.push_back(std::move(around));
    }
}

void read_when(Rule& rule, const YamlNode& when, Reading& reading) {
    if (when.members().empty()) when.fail("expected at least one condition");
    for (const YamlMember& member : when.members()) read_condition(rule, member, reading);
    const bool speaks_of_message = rule.kinds != 0 || !rule.methods.empty() ||
                                   !rule.method_tests.empty() || !rule.pointers.empty();
    const auto asks = [&](Place place) {
        return std::any_of(rule.around.begin(), rule.around.end(),
                           [&](const AroundCondition& around) { return around.place == place; });
    };
    if (asks(Place::text_data)) {
        if (speaks_of_message)
            when.fail(
                "'text.data' is for texts that are no message: it cannot stand beside kind, method "
                "or pointers");
        rule.scope = Scope::event;
    } else if (speaks_of_message) {
        rule.scope = Scope::message;
    } else if (asks(Place::text_kind) || asks(Place::text_event)) {
        when.fail(
            "expected a condition on the message, or 'text.data', beside 'text.kind' and "
            "'text.event'");
    }
    if (!rule.methods.empty() || !rule.method_tests.empty()) {
        const std::uint8_t with_method = 0b0011;  // requests and notifications
        if (rule.kinds == 0) rule.kinds = with_method;
        if ((rule.kinds & ~with_method) != 0)
            when.fail("only requests and notifications have a method");
    }
}

void read_head(const YamlNode& node, http::Head& head) {
    head.is_request ? node.allow_only({"method", "path", "authority", "headers"})
                    : node.allow_only({"status", "headers"});
    if (const auto method = node.find("method")) head.method = method->text();
    if (const auto path = node.find("path")) head.target = path->text();
    if (const auto authority = node.find("authority")) head.authority = authority->text();
    if (const auto status = node.find("status"))
        head.status = static_cast<std::uint16_t>(status->integer(100, 999));
    if (const auto headers = node.find("headers")) {
        for (const YamlMember& field : headers->members()) {
            head.fields.add(field.key, field.value.is_null() ? std::string() : field.value.text());
        }
    }
}

}  // namespace

TextLists read_lists(const YamlNode& file) {
    TextLists lists;
    if (const auto node = file.find("lists")) {
        for (const YamlMember& list : node->members()) lists[list.key] = list.value.texts();
    }
    return lists;
}

Example read_example(const YamlNode& node) {
    Example example;
    example.line = node.line();
    example.request.is_request = true;
    example.request.method = "POST";
    example.request.target = "/";
    example.response.is_request = false;
    example.response.status = 200;
    if (node.is_scalar()) {
        example.has_text = true;
        example.text = node.text();
        return example;
    }
    node.allow_only({"request", "response", "event", "kind", "text"});
    if (node.members().empty())
        node.fail("expected a text, or at least one of request, response, text");
    if (const auto request = node.find("request")) {
        example.has_request = true;
        read_head(*request, example.request);
    }
    if (const auto response = node.find("response")) {
        example.has_response = example.has_request = true;
        read_head(*response, example.response);
    }
    if (const auto event = node.find("event")) {
        example.event_name = event->text();
        example.kind = http::TextKind::event;
    }
    if (const auto kind = node.find("kind"))
        example.kind = static_cast<http::TextKind>(kind->one_of(text_kind_names));
    if (const auto text = node.find("text")) {
        example.has_text = true;
        example.text = text->text();
    }
    if (!example.has_text && !example.has_request)
        node.fail("expected at least one of request, response, text");
    return example;
}

Rule read_rule(const YamlNode& node, Reading& reading, int next_line) {
    node.allow_only({"id", "sid", "title", "reference", "weight", "category", "severity", "silent",
                     "when", "matches", "spares"});
    Rule rule;
    rule.info.file = node.file();
    rule.info.line = node.line();
    rule.info.text = node.source(next_line);
    rule.info.id = node.at("id").text();
    rule.info.sid = static_cast<std::uint32_t>(node.at("sid").integer(1000, 1999));
    rule.info.title = node.at("title").text();
    if (const auto reference = node.find("reference")) rule.info.reference = reference->text();
    const auto category = node.find("category");
    if (category) {
        rule.category = category->text();
        if (node.find("weight")) node.fail("expected either 'weight' or 'category'");
        if (const auto severity = node.find("severity"))
            rule.severity = static_cast<int>(severity->integer(1, 4));
        if (const auto silent = node.find("silent")) rule.silent = silent->boolean();
    } else {
        rule.info.weight = static_cast<int>(node.at("weight").integer(1, 100));
    }
    read_when(rule, node.at("when"), reading);
    if (category && rule.scope != Scope::heads)
        node.fail("a rule with a category asks of request and response alone");
    const auto read_examples = [&](std::string_view key, std::vector<std::string>& sources,
                                   std::vector<Example>& examples) {
        const std::vector<YamlNode> nodes = node.at(key).elements();
        if (nodes.empty()) node.at(key).fail("expected at least one example");
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            examples.push_back(read_example(nodes[i]));
            const int end = i + 1 < nodes.size() ? nodes[i + 1].line() : next_line;
            sources.push_back(nodes[i].is_scalar()
                                  ? nodes[i].text()
                                  : nodes[i].source(end == 0 ? nodes[i].line() + 1 : end));
        }
    };
    read_examples("matches", rule.info.matches, rule.matches);
    read_examples("spares", rule.info.spares, rule.spares);
    return rule;
}

}  // namespace umbratap::detect
