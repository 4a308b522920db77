// Texts become messages: index the tokens, walk them once along the plan, then read the few values
// that count.
//
//     text ──▶ JsonIndex ──▶ Walker ──▶ spots of values ──▶ Message
//              (simdjson)    (Plan: our fields and the Watch's)
//
// Content is decoded last, when it is known which of several equal keys counts and what kind of
// message it is. So a megabyte of arguments costs its tokens, and a text that ends in the middle is
// as good as what stands before the end.
#include <algorithm>
#include <charconv>
#include <utility>

#include "mcp/encoding.h"
#include "mcp/json_index.h"
#include "mcp/json_text.h"
#include "mcp/message.h"
#include "mcp/plan.h"
#include "mcp/walker.h"

namespace umbratap::mcp {
namespace {

constexpr std::size_t fact_bytes_max = 256;
constexpr std::size_t error_message_bytes_max = 1024;
constexpr std::size_t supported_versions_max = 32;
constexpr std::size_t version_bytes_max = 64;
constexpr std::size_t converted_bytes_kept = 1 << 20;

constexpr Problem too_many{"json.batch_too_long"};

/// Absent if it is no value at all.
JsonType type_of(const JsonIndex& index, std::uint32_t token) noexcept {
    switch (index.kind(token)) {
        case '{':
            return JsonType::object;
        case '[':
            return JsonType::array;
        case '"':
            return JsonType::string;
        default:
            break;
    }
    const std::string_view text = index.scalar(token);
    if (text == "true" || text == "false") return JsonType::boolean;
    if (text == "null") return JsonType::null;
    return is_number(text) ? JsonType::number : JsonType::absent;
}

}  // namespace

struct Decoder::State {
    State(const Limits& limits_in, const Watch& watch, Wanted wanted_in)
        : limits(limits_in),
          wanted(wanted_in),
          plan(watch),
          walker(plan, index, limits_in.depth_max) {}

    Problem decode(Bytes text, Batch<Message>& out);
    Problem read_values(Batch<Message>& out);
    Problem read_array(Batch<Message>& out);
    void read_message(bool batch, Batch<Message>& out);
    void read_strings(std::uint32_t first);
    bool is_message() const;
    bool is_cut_request() const;
    void fill(Message& message);
    void fill_method(Message& message);
    void fill_kind(Message& message);
    void fill_request(Message& message);
    void fill_result(Message& message);
    void fill_tools(const Spot& spot, Message& message);
    void fill_error(Message& message);
    void fill_versions(const Spot* spot, Message& message);
    void fill_facts(Message& message);

    const Spot* spot(Field field) const noexcept { return walker.find(plan.field(field)); }
    bool has_string(const Spot* at) const noexcept { return at && index.kind(at->first) == '"'; }
    std::string string_at(std::uint32_t token, std::size_t bytes_max = std::string::npos) const;
    std::string string(Field field, std::size_t bytes_max = std::string::npos) const;
    std::string either(Field first, Field second) const {
        return has_string(spot(first)) ? string(first) : string(second);
    }
    void copy_raw(std::uint32_t first, std::uint32_t end, std::string& out);

    const Limits limits;
    const Wanted wanted;
    const Plan plan;
    JsonIndex index;
    Walker walker;
    Grammar grammar;
    std::vector<ReadableStrings> strings;  // by number of message
    std::vector<std::uint16_t> pointers;   // of the facts of one message
    std::string converted;                 // a text that was UTF-16 or UTF-32
    bool was_utf_16 = false;
    bool several = false;        // values in one text
    std::size_t text_bytes = 0;  // as it came
    std::size_t messages = 0;    // of this text
    Problem problem;
};

Problem Decoder::State::decode(Bytes text, Batch<Message>& out) {
    problem = no_problem;
    text_bytes = text.size();
    messages = 0;
    several = false;
    const EncodingSign sign = encoding_of(text);
    if (sign.encoding != Encoding::utf_8 && !is_wide_json(text)) return no_problem;
    text = text.subspan(sign.mark_size);
    was_utf_16 = sign.encoding != Encoding::utf_8;
    if (converted.capacity() > converted_bytes_kept) std::string().swap(converted);
    if (was_utf_16) {
        converted.clear();
        append_as_utf_8(sign.encoding, text, converted);
        text = as_bytes(converted);
    }
    if (opens_bracket(text)) {
        problem = index.read(text);
        walker.begin_text();
        problem = problem.or_else(read_values(out));
        if (walker.too_deep()) problem = problem.or_else(Problem{"json.too_deep"});
    }
    return problem;
}

Problem Decoder::State::read_values(Batch<Message>& out) {
    Problem found;
    while (walker.at() < index.count()) {
        const std::uint8_t kind = walker.kind();
        several = walker.at() > 0;
        if (several) found = found.or_else(Problem{"json.trailing_bytes"});
        if (kind == '{') {
            if (messages >= limits.batch_messages_max) return found.or_else(too_many);
            read_message(false, out);
        } else if (kind == '[') {
            if (read_array(out)) return found.or_else(too_many);
        } else {
            break;
        }
        if (walker.broken()) return found.or_else(Problem{"json.broken"});
    }
    return found;
}

Problem Decoder::State::read_array(Batch<Message>& out) {
    walker.enter_array();
    for (bool first = true; walker.next_element(first); first = false) {
        if (walker.kind() != '{') {
            walker.skip();
            continue;
        }
        if (messages >= limits.batch_messages_max) return too_many;
        read_message(true, out);
    }
    return no_problem;
}

void Decoder::State::read_message(bool batch, Batch<Message>& out) {
    const std::uint32_t first = walker.at();
    walker.read_message();
    if (!is_message()) return;
    if (wanted.strings) read_strings(first);
    ++messages;
    Message& message = out.emplace_back();
    message.batch = batch;
    message.bytes = text_bytes;
    if ((batch || several || walker.at() < index.count()) && walker.at() > first) {
        message.bytes = index.between(first, walker.at()).size();
    }
    message.oddities = walker.oddities();
    message.oddities.utf_16 = was_utf_16;
    message.oddities.invalid_utf_8 = index.invalid_utf_8();
    fill(message);
}

void Decoder::State::read_strings(std::uint32_t first) {
    if (strings.size() <= messages) strings.emplace_back();
    strings[messages].read(index, first);
}

bool Decoder::State::is_message() const {
    if (!walker.has_version()) return is_cut_request();
    if (!walker.methods().empty()) {
        std::string_view content;
        if (index.string(walker.methods().front(), content)) return true;
    }
    return spot(Field::result) || spot(Field::error);
}

/// Many SDKs write `jsonrpc` behind the params, where the end of a capture's snap length takes it
/// away. Then a method of MCP, plainly written, is enough. The pre-filter has an anchor for exactly
/// this.
bool Decoder::State::is_cut_request() const {
    if (!walker.broken() || walker.at() + 1 < index.count() || spot(Field::version)) return false;
    const Spot* method = spot(Field::method);
    std::string_view name, value;
    if (!has_string(method) || !index.string(method->first - 2, name) || name != "method")
        return false;
    if (!index.string(method->first, value)) return false;
    return is_mcp_method(value) &&
           (value == "initialize" || value.find('/') != std::string_view::npos);
}

void Decoder::State::fill(Message& message) {
    fill_method(message);
    fill_kind(message);
    switch (message.kind) {
        case Kind::request:
        case Kind::notification:
            fill_request(message);
            break;
        case Kind::result:
            fill_result(message);
            break;
        case Kind::error:
            fill_error(message);
            break;
    }
    fill_facts(message);
}

/// The last `method` counts, but one that had to be folded only if there is no other.
void Decoder::State::fill_method(Message& message) {
    const std::vector<std::uint32_t>& tokens = walker.methods();
    const Spot* last = spot(Field::method);
    std::uint32_t winner = has_string(last) ? last->first : index.count();
    std::string_view content;
    for (const std::uint32_t token : tokens) {
        if (!index.string(token, content)) continue;
        if (has_needless_escape(content)) message.oddities.escaped_name = true;
        if (!has_string(last)) winner = token;
    }
    if (winner == index.count()) return;
    message.method = string_at(winner);
    for (const std::uint32_t token : tokens) {
        if (token == winner || !index.string(token, content)) continue;
        message.other_method = string_at(token);
        if (message.other_method != message.method) return;
    }
    message.other_method.clear();
}

void Decoder::State::fill_kind(Message& message) {
    const auto type = [&](const Spot* at) {
        return at ? type_of(index, at->first) : JsonType::absent;
    };
    const Spot* id = spot(Field::id);
    const JsonType id_type = type(id);
    if (id_type == JsonType::string) {
        append_json_string(message.id, string(Field::id));
    } else if (id_type == JsonType::number || id_type == JsonType::boolean) {
        message.id = index.scalar(id->first);
    }
    const Spot* result = spot(Field::result);
    const Spot* error = spot(Field::error);
    if (!message.method.empty() || (!result && !error)) {
        // Behind the end of a cut text there may have been an id.
        const bool perhaps_cut_off =
            walker.broken() && !id && !message.method.starts_with("notifications/");
        const bool asks = (id && id_type != JsonType::null) || perhaps_cut_off;
        message.kind = asks ? Kind::request : Kind::notification;
        return;
    }
    // `"error": null` beside a result, or the other way round, is a habit of JSON-RPC 1.0.
    const bool errs =
        error && (!result || (type(result) == JsonType::null && type(error) != JsonType::null));
    message.kind = errs ? Kind::error : Kind::result;
}

void Decoder::State::fill_request(Message& message) {
    if (message.method == "tools/call") message.tool = string(Field::params_name);
    if (message.method == "prompts/get") message.prompt = string(Field::params_name);
    if (message.method.starts_with("resources/")) message.resource_uri = string(Field::params_uri);
    message.protocol_version =
        either(Field::params_meta_protocol_version, Field::params_protocol_version);
    message.client.name = either(Field::params_meta_client_name, Field::params_client_name);
    message.client.version =
        either(Field::params_meta_client_version, Field::params_client_version);
    if (const Spot* at = spot(Field::params_arguments); at && at->whole && wanted.payloads) {
        copy_raw(at->first, at->end, message.arguments);
    }
}

void Decoder::State::fill_result(Message& message) {
    message.protocol_version = string(Field::result_protocol_version);
    message.server.name = either(Field::result_server_name, Field::result_meta_server_name);
    message.server.version =
        either(Field::result_server_version, Field::result_meta_server_version);
    message.input_required = string(Field::result_type, version_bytes_max) == "input_required";
    if (const Spot* at = spot(Field::result_is_error))
        message.tool_error = index.scalar(at->first) == "true";
    if (const Spot* at = spot(Field::result_tools); at && index.kind(at->first) == '[') {
        message.lists_tools = true;
        fill_tools(*at, message);
    }
    fill_versions(spot(Field::result_supported_versions), message);
    if (const Spot* at = spot(Field::result); at && at->whole && wanted.payloads) {
        copy_raw(at->first, at->end, message.result);
    }
}

void Decoder::State::fill_tools(const Spot& list, Message& message) {
    walker.for_each_element(list, [&](std::uint32_t first, std::uint32_t end) {
        if (index.kind(first) != '{') return true;
        if (message.tools.size() >= limits.tools_max) {
            problem = problem.or_else(Problem{"mcp.too_many_tools"});
            return false;
        }
        Tool& tool = message.tools.emplace_back();
        const std::uint32_t name = walker.member(first, "name");
        if (index.kind(name) == '"') tool.name = string_at(name);
        copy_raw(first, end, tool.definition);
        return true;
    });
}

void Decoder::State::fill_error(Message& message) {
    if (const Spot* at = spot(Field::error_code)) {
        const std::string_view number = index.scalar(at->first);
        std::int64_t code = 0;
        const auto [end, failure] =
            std::from_chars(number.data(), number.data() + number.size(), code);
        if (failure == std::errc() && end == number.data() + number.size())
            message.error_code = code;
    }
    message.error_message = string(Field::error_message, error_message_bytes_max);
    fill_versions(spot(Field::error_supported_versions), message);
}

void Decoder::State::fill_versions(const Spot* list, Message& message) {
    if (!list || index.kind(list->first) != '[') return;
    walker.for_each_element(*list, [&](std::uint32_t first, std::uint32_t) {
        if (message.supported_versions.size() >= supported_versions_max) return false;
        if (index.kind(first) == '"')
            message.supported_versions.push_back(string_at(first, version_bytes_max));
        return true;
    });
}

void Decoder::State::fill_facts(Message& message) {
    pointers.clear();
    for (const std::uint32_t node : walker.facts()) {
        if (walker.find(node))
            pointers.push_back(static_cast<std::uint16_t>(plan.node(node).pointer));
    }
    std::sort(pointers.begin(), pointers.end());
    pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
    message.facts.reserve(pointers.size());
    for (const std::uint16_t pointer : pointers) {
        const std::uint32_t token = walker.find(plan.watched(pointer))->first;
        const JsonType type = type_of(index, token);
        if (type == JsonType::absent) continue;
        Fact& fact = message.facts.emplace_back(Fact{pointer, type, {}});
        if (type == JsonType::string) {
            fact.value = string_at(token, fact_bytes_max);
        } else if (type == JsonType::number || type == JsonType::boolean) {
            fact.value = index.scalar(token).substr(0, fact_bytes_max);
        }
    }
}

std::string Decoder::State::string_at(std::uint32_t token, std::size_t bytes_max) const {
    std::string out;
    std::string_view content;
    if (index.string(token, content))
        append_decoded(out, content, index.invalid_utf_8(), bytes_max);
    return out;
}

std::string Decoder::State::string(Field field, std::size_t bytes_max) const {
    const Spot* at = spot(field);
    return has_string(at) ? string_at(at->first, bytes_max) : std::string();
}

/// What is not sound JSON stays here: others put it into JSON of their own.
void Decoder::State::copy_raw(std::uint32_t first, std::uint32_t end, std::string& out) {
    if (grammar.holds(index, first, end)) {
        append_raw(out, index.between(first, end), index.mended());
    } else {
        problem = problem.or_else(Problem{"json.broken"});
    }
}

Decoder::Decoder(const Limits& limits, const Watch& watch, Wanted wanted)
    : state_(std::make_unique<State>(limits, watch, wanted)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Problem Decoder::decode(Bytes text, bool /*padded*/, Batch<Message>& out) noexcept {
    return state_->decode(text, out);
}

const ReadableStrings& Decoder::strings(std::size_t number) const noexcept {
    static const ReadableStrings nothing;
    return number < state_->strings.size() && number < state_->messages ? state_->strings[number]
                                                                        : nothing;
}

}  // namespace umbratap::mcp
