// One evidence rule, as read from its file: what it asks, compiled to numbers, and its examples.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "detect/condition.h"
#include "detect/rules.h"
#include "detect/yaml.h"

namespace umbratap::detect {

/// A value that is not in the message but around it.
enum class Place : std::uint8_t {
    request_header,
    response_header,
    request_method,
    request_path,   ///< of the target: without scheme, authority, query; as sent
    request_host,   ///< authority without port, lower case
    request_query,  ///< with `+` and percent-encoding taken off
    response_status,
    text_kind,   ///< "body", "event", "websocket", "line"
    text_event,  ///< `event` field of a server-sent event; empty means "message"
    text_data,   ///< the text itself, of events that are no JSON
};

struct AroundCondition {
    Place place = Place::request_header;
    std::string header;       ///< lower case; `x-*` is any header whose name begins so
    std::uint8_t number = 0;  ///< of the header, see WatchedHeaders
    Condition condition;

    bool is_prefix() const noexcept { return header.ends_with('*'); }
};

struct PointerCondition {
    std::uint16_t pointer = 0;
    Condition condition;
};

/// What a rule is held against.
enum class Scope : std::uint8_t {
    message,  ///< a JSON-RPC message
    heads,    ///< the heads around it, or alone
    event,    ///< an event that is no JSON
};

/// `matches` and `spares`: a text, and perhaps the heads around it.
struct Example {
    int line = 0;
    bool has_text = false, has_request = false, has_response = false;
    std::string text, event_name;
    http::TextKind kind = http::TextKind::body;
    http::Head request, response;
};

struct Rule {
    RuleInfo info;
    std::string category;  ///< of the alert that it makes, alone: a sign; empty: evidence of MCP
    int severity = 0;      ///< of a sign; 0: that of the category
    bool silent = false;   ///< a sign that only has the response looked at, see Mentions
    bool retired = false;  ///< no file has it any more; it only names what was found before
    Scope scope = Scope::heads;
    std::uint8_t kinds = 0;            ///< bits by mcp::Kind; 0: any
    std::vector<std::string> methods;  ///< the rule asks for one of these; empty: see method_test
    std::vector<Condition> method_tests;  ///< at most one; a test other than for exact names
    std::vector<PointerCondition> pointers;
    std::vector<AroundCondition> around;
    std::vector<Example> matches, spares;
};

/// `lists:` of a file.
TextLists read_lists(const YamlNode& file);

/// What the rules of one file share while they are read.
struct Reading {
    TextLists lists;
    mcp::Watch& watch;  ///< gets the pointers that rules ask about
    Databases& databases;
};
/// Reads one rule. `next_line` is where the next rule begins (0: none).
Rule read_rule(const YamlNode& node, Reading& reading, int next_line);
Example read_example(const YamlNode& node);

}  // namespace umbratap::detect
