// One JSON-RPC 2.0 message, and what of it MCP cares about. Owned: it outlives the text that it was
// read from.
//
// Nothing here is wired to one revision. What rules ask about beyond these fields are `Facts`:
// values at the JSON Pointers (RFC 6901) of a `Watch`, so that a new revision is a matter of data
// in rules/.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/batch.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "mcp/readable.h"

namespace umbratap::mcp {

enum class Kind : std::uint8_t { request, notification, result, error };
enum class JsonType : std::uint8_t { absent, null, boolean, number, string, array, object };

/// Name and version of a piece of software (`clientInfo`, `serverInfo`).
struct Implementation {
    std::string name, version;
    bool empty() const noexcept { return name.empty() && version.empty(); }
};

struct Tool {
    std::string name;
    std::string definition;  ///< the whole object as sent: sound JSON, or empty
};

/// The value at one watched pointer, where the message has it.
struct Fact {
    std::uint16_t pointer = 0;  ///< number that Watch::add gave
    JsonType type = JsonType::absent;
    std::string
        value;  ///< strings decoded, numbers and booleans as sent; at most 256 bytes; else empty
};

/// Signs that a message was written to be read differently by others.
struct Oddities {
    bool duplicate_key : 1 =
        false;  ///< a key of the envelope, of params, or of _meta twice; the last one counts, as in
                ///< most decoders, and `other_method` holds the first method
    bool folded_key : 1 =
        false;  ///< "Method", "param\u017f": keys that only a case-folding decoder takes
    bool escaped_name : 1 =
        false;  ///< needless \u escapes in the envelope's keys or in the method's value
    bool utf_16 : 1 = false;         ///< the text was UTF-16 or UTF-32
    bool invalid_utf_8 : 1 = false;  ///< the text was mended to be read
};

struct Message {
    Kind kind = Kind::request;
    bool batch = false;  ///< element of an array
    Oddities oddities;
    std::string method;            ///< requests and notifications, decoded
    std::string other_method;      ///< see Oddities::duplicate_key
    std::string id;                ///< as JSON (`7`, `"a"`); empty where absent or null
    std::string tool;              ///< tools/call: params.name
    std::string prompt;            ///< prompts/get: params.name
    std::string resource_uri;      ///< resources/*: params.uri
    std::string protocol_version;  ///< params.protocolVersion,
                                   ///< params._meta["io.modelcontextprotocol/protocolVersion"],
                                   ///< result.protocolVersion
    std::vector<std::string>
        supported_versions;    ///< result.supportedVersions, error.data.supported; at most 32
    Implementation client;     ///< params.clientInfo or params._meta[".../clientInfo"]
    Implementation server;     ///< result.serverInfo or result._meta[".../serverInfo"]
    bool lists_tools = false;  ///< result.tools is an array
    std::vector<Tool> tools;
    bool tool_error = false;      ///< result.isError is true
    bool input_required = false;  ///< result.resultType is "input_required"
    std::int64_t error_code = 0;
    std::string error_message;  ///< at most 1,024 bytes
    std::string arguments;  ///< params.arguments as sent, if Wanted::payloads and it is sound JSON
    std::string result;     ///< result as sent, if Wanted::payloads and it is sound JSON
    std::uint64_t bytes = 0;  ///< of the text (of the element, in a batch)
    std::vector<Fact> facts;  ///< in order of pointer
};

/// The JSON Pointers that rules ask about. Keys are compared decoded.
class Watch {
public:
    /// Returns the pointer's number; the same pointer twice has one number.
    /// `/result/tools/0/inputSchema` looks at the first element. At most 8 steps. Throws
    /// std::invalid_argument if it is no pointer.
    std::uint16_t add(std::string_view pointer);
    std::size_t size() const noexcept { return pointers_.size(); }
    const std::string& pointer(std::uint16_t number) const { return pointers_[number]; }

private:
    std::vector<std::string> pointers_;  // plan.h makes a trie of them
};

struct Limits {
    std::uint32_t depth_max = 64;
    std::uint32_t batch_messages_max = 1000;
    std::uint32_t tools_max = 4096;
};

struct Wanted {
    bool payloads = false;  ///< fill Message::arguments and Message::result
    bool strings = false;   ///< see Decoder::strings
};

/// Reads JSON-RPC messages; keeps a parser and its memory between calls. One per worker.
class Decoder {
public:
    Decoder(const Limits& limits, const Watch& watch, Wanted wanted);
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;

    /// Appends the messages of `text`: an object, an array of objects, or several such values one
    /// behind the other. A text that is no JSON-RPC appends nothing and is no problem; broken JSON
    /// is `json.…`, and what stands before the break is told. `padded`: readable_padding bytes may
    /// be read behind it (which it does not need). What nobody asks for is not checked: a value may
    /// be skipped that a strict parser would refuse.
    Problem decode(Bytes text, bool padded, Batch<Message>& out) noexcept;

    /// What there is to read in a message of the text that was decoded last; `number` counts from
    /// 0. Lives as long as that text, and until the next call. Empty unless Wanted::strings.
    const ReadableStrings& strings(std::size_t number) const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// True if a method of this name is one that MCP defines, in any revision or official extension.
bool is_mcp_method(std::string_view method) noexcept;
/// All of them, in the order of the alphabet.
std::span<const std::string_view> mcp_methods() noexcept;

}  // namespace umbratap::mcp
