// Messages of every revision, and texts that were written or damaged to be read differently by
// others.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "mcp/encoding.h"
#include "mcp/message.h"

using namespace umbratap;
using mcp::JsonType;
using mcp::Kind;
using mcp::Message;

namespace {

struct Reading {
    Problem problem;
    std::vector<Message> messages;
    const Message& only() const {
        REQUIRE(messages.size() == 1);
        return messages[0];
    }
};

Reading read(std::string_view text, mcp::Wanted wanted = {.payloads = true},
             const mcp::Watch& watch = {}, const mcp::Limits& limits = {}) {
    // An exact heap copy: nothing may be read behind the end.
    const std::vector<std::uint8_t> exact(text.begin(), text.end());
    mcp::Decoder decoder(limits, watch, wanted);
    Reading reading;
    reading.problem = decoder.decode(exact, false, reading.messages);
    return reading;
}

}  // namespace

TEST_CASE("decoder: a request has a method and an id, a notification has no id") {
    const auto request = read(R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})").only();
    CHECK(request.kind == Kind::request);
    CHECK(request.method == "tools/list");
    CHECK(request.id == "7");
    CHECK(request.bytes == 46);
    const auto notification =
        read(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").only();
    CHECK(notification.kind == Kind::notification);
    CHECK(notification.id.empty());
    CHECK(read(R"({"jsonrpc":"2.0","id":null,"method":"x"})").only().kind == Kind::notification);
}

TEST_CASE("decoder: an id is kept as JSON, and equal ids look equal") {
    CHECK(read(R"({"jsonrpc":"2.0","id":"a","method":"x"})").only().id == R"("a")");
    CHECK(read(R"({"jsonrpc":"2.0","id":"\u0061\"","method":"x"})").only().id == R"("a\"")");
    CHECK(read(R"({"jsonrpc":"2.0","id":-1.5e400,"method":"x"})").only().id == "-1.5e400");
    CHECK(read(R"({"jsonrpc":"2.0","id":123456789012345678901234567890,"result":{}})").only().id ==
          "123456789012345678901234567890");
    CHECK(read(R"({"jsonrpc":"2.0","id":7x,"method":"x"})").only().id.empty());
    CHECK(read(R"({"jsonrpc":"2.0","id":{"a":1},"method":"x"})").only().id.empty());
}

TEST_CASE("decoder: results and errors, and which of them counts when both are there") {
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{}})").only().kind == Kind::result);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":null})").only().kind == Kind::result);
    const auto error =
        read(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no \u00e9"}})").only();
    CHECK(error.kind == Kind::error);
    CHECK(error.error_code == -32601);
    CHECK(error.error_message == "no \xC3\xA9");
    CHECK(read(R"({"jsonrpc":"2.0","error":{"code":1e3,"message":""}})").only().error_code == 0);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{},"error":null})").only().kind == Kind::result);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1}})").only().kind ==
          Kind::error);
}

TEST_CASE("decoder: what is no JSON-RPC 2.0 is no message and no problem") {
    for (const char* text :
         {R"({"method":"tools/call","id":1})", R"({"jsonrpc":"1.0","method":"x"})",
          R"({"jsonrpc":2.0,"method":"x"})", R"({"jsonrpc":"2.0"})",
          R"({"jsonrpc":"2.0","method":7})", R"({"a":{"jsonrpc":"2.0","method":"x"}})",
          R"([[{"jsonrpc":"2.0","method":"x"}]])", "[]", "{}", "", "  ", "null", "\"jsonrpc\"",
          "<html>jsonrpc</html>", "[1,2,3]"}) {
        CAPTURE(text);
        const auto reading = read(text);
        CHECK(reading.messages.empty());
        CHECK_FALSE(reading.problem);
    }
}

TEST_CASE("decoder: what tools/call, prompts/get and resources/read name, in any order of keys") {
    CHECK(
        read(
            R"({"method":"tools/call","params":{"name":"run","arguments":{"a":[1]}},"jsonrpc":"2.0","id":1})")
            .only()
            .tool == "run");
    const auto call =
        read(
            R"({"params":{"arguments":{"name":"no"},"name":"run"},"jsonrpc":"2.0","id":1,"method":"tools/call"})")
            .only();
    CHECK(call.tool == "run");
    CHECK(call.arguments == R"({"name":"no"})");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}})")
              .only()
              .prompt == "p");
    CHECK(
        read(
            R"({"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:\/\/\/a"}})")
            .only()
            .resource_uri == "file:///a");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1,2]})").only().method == "x");
}

TEST_CASE("decoder: versions and names of software, wherever a revision puts them") {
    const auto legacy = read(
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
        R"("capabilities":{},"clientInfo":{"name":"demo","title":"D","version":"0.1"}}})");
    CHECK(legacy.only().protocol_version == "2025-06-18");
    CHECK(legacy.only().client.name == "demo");
    CHECK(legacy.only().client.version == "0.1");
    const auto modern = read(
        R"({"method":"tools/call","params":{"name":"r","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
        R"("io.modelcontextprotocol\/clientInfo":{"version":"2","name":"c"}}},"jsonrpc":"2.0","id":7})");
    CHECK(modern.only().protocol_version == "2026-07-28");
    CHECK(modern.only().client.name == "c");
    CHECK(modern.only().client.version == "2");
    const auto answer = read(
        R"({"result":{"protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"s","version":"3"}},)"
        R"("jsonrpc":"2.0","id":0})");
    CHECK(answer.only().protocol_version == "2024-11-05");
    CHECK(answer.only().server.name == "s");
    CHECK(answer.only().server.version == "3");
    const auto discovered = read(
        R"({"jsonrpc":"2.0","id":"d1","result":{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25",7],)"
        R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m","version":"1"}}}})");
    CHECK(discovered.only().server.name == "m");
    CHECK(discovered.only().supported_versions ==
          std::vector<std::string>{"2026-07-28", "2025-11-25"});
    const auto refused = read(
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no","data":{"supported":["2026-07-28"],"requested":"x"}}})");
    CHECK(refused.only().supported_versions == std::vector<std::string>{"2026-07-28"});
}

TEST_CASE("decoder: tools are told by name and as they were sent") {
    const auto list = read(
        R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"name":"not this"}},7,)"
        R"({"description":"\u00e9","name" : "b"} ,{}]}})");
    REQUIRE(list.only().tools.size() == 3);
    CHECK(list.only().lists_tools);
    CHECK(list.only().tools[0].name == "a");
    CHECK(list.only().tools[0].definition == R"({"name":"a","inputSchema":{"name":"not this"}})");
    CHECK(list.only().tools[1].name == "b");
    CHECK(list.only().tools[1].definition == R"({"description":"\u00e9","name" : "b"})");
    CHECK(list.only().tools[2].definition == "{}");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{"tools":[]}})").only().lists_tools);
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","id":1,"result":{"tools":{}}})").only().lists_tools);
    CHECK_FALSE(
        read(R"({"jsonrpc":"2.0","id":1,"method":"x","result":{"tools":[]}})").only().lists_tools);
}

TEST_CASE("decoder: what is passed on as raw JSON is sound JSON") {
    const auto tools = read(
        R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","x":[1 2]},{"name":"b"}]}})");
    CHECK(tools.problem == Problem{"json.broken"});
    REQUIRE(tools.only().tools.size() == 2);
    CHECK(tools.only().tools[0].name == "a");
    CHECK(tools.only().tools[0].definition.empty());
    CHECK(tools.only().tools[1].definition == R"({"name":"b"})");
    CHECK(tools.only().result.empty());
    const auto mended = read(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
        "call\",\"params\":{\"arguments\":{\"a\":\"\x01\xFF\\\"\t\" ,\n \"b\":2}}}");
    CHECK(mended.only().arguments == "{\"a\":\"\\u0001\xEF\xBF\xBD\\\"\\u0009\" ,  \"b\":2}");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{"a":1}})", {.payloads = false})
              .only()
              .result.empty());
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result": {"a": 1} })").only().result == R"({"a": 1})");
}

TEST_CASE("decoder: the kinds of results that others ask about") {
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}})")
              .only()
              .tool_error);
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}})")
                    .only()
                    .tool_error);
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","id":1,"result":{"isError":"true"}})").only().tool_error);
    const auto asks = read(
        R"({"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","inputRequests":{"ok":{"method":"elicitation/create",)"
        R"("params":{"message":"Run it?"}}},"requestState":"x"}})");
    CHECK(asks.only().input_required);
    CHECK(asks.only().kind == Kind::result);
    CHECK(asks.only().method.empty());
}

TEST_CASE("decoder: a batch is read element by element, up to a limit") {
    const auto batch = read(
        R"( [ {"jsonrpc":"2.0","id":1,"method":"ping"} , 7, {"a":1}, {"jsonrpc":"2.0","id":2,"result":{}}])");
    REQUIRE(batch.messages.size() == 2);
    CHECK(batch.messages[0].batch);
    CHECK(batch.messages[0].bytes == 40);
    CHECK(batch.messages[1].kind == Kind::result);
    CHECK_FALSE(batch.problem);
    const auto cut = read(
        R"([{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"},{"jsonrpc":"2.0","method":"c"}])",
        {}, {}, {.batch_messages_max = 2});
    CHECK(cut.messages.size() == 2);
    CHECK(cut.problem == Problem{"json.batch_too_long"});
    const auto fits = read(R"([{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}])", {},
                           {}, {.batch_messages_max = 2});
    CHECK_FALSE(fits.problem);
}

TEST_CASE("decoder: limits on depth and tools are problems, not ends") {
    const auto deep = read(R"({"jsonrpc":"2.0","params":{"a":[[[1]]]},"method":"x","id":1})", {},
                           {}, {.depth_max = 4});
    CHECK(deep.problem == Problem{"json.too_deep"});
    CHECK(deep.only().method == "x");
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","params":{"a":[[[1]]]},"method":"x","id":1})", {}, {},
                     {.depth_max = 5})
                    .problem);
    const auto many = read(
        R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
        {}, {}, {.tools_max = 2});
    CHECK(many.problem == Problem{"mcp.too_many_tools"});
    CHECK(many.only().tools.size() == 2);
}

TEST_CASE("decoder: of a key that comes twice the last one counts, and nothing of the first") {
    const auto twice = read(
        R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"a","arguments":{}},)"
        R"("params":{"x":1}})");
    CHECK(twice.only().method == "tools/call");
    CHECK(twice.only().other_method == "ping");
    CHECK(twice.only().tool.empty());
    CHECK(twice.only().arguments.empty());
    CHECK(twice.only().oddities.duplicate_key);
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","method":"a"})").only().other_method.empty());
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","method":"b","method":"b","method":"a"})")
              .only()
              .other_method == "b");
    CHECK(
        read(R"({"jsonrpc":"2.0","method":"a","x":1,"y":2,"x":3})").only().oddities.duplicate_key);
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","params":{"_meta":{"x":1,"\u0078":3}}})")
              .only()
              .oddities.duplicate_key);
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","method":"a","params":{"arguments":{"x":1,"x":3}}})")
                    .only()
                    .oddities.duplicate_key);
    CHECK(read(R"({"jsonrpc":"1.0","method":"a","jsonrpc":"2.0"})").messages.size() == 1);
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","jsonrpc":"1.0"})").messages.size() == 1);
}

TEST_CASE("decoder: keys that only a decoder without case takes are taken and told") {
    const auto folded = read(
        "{\"JSONRPC\":\"2.0\",\"ID\":1,\"Method\":\"tools/"
        "call\",\"param\xC5\xBF\":{\"Name\":\"run\"}}");
    CHECK(folded.only().oddities.folded_key);
    CHECK(folded.only().method == "tools/call");
    CHECK(folded.only().id == "1");
    CHECK(folded.only().tool == "run");
    CHECK(read(R"({"j\u017Fonrpc":"2.0","method":"x"})").only().oddities.folded_key);
    // One that is written as it should be counts more, wherever it stands.
    for (const char* text : {R"({"jsonrpc":"2.0","method":"tools/call","Method":"ping"})",
                             R"({"jsonrpc":"2.0","Method":"ping","method":"tools/call"})"}) {
        CHECK(read(text).only().method == "tools/call");
        CHECK(read(text).only().other_method == "ping");
        CHECK(read(text).only().oddities.duplicate_key);
    }
    CHECK_FALSE(
        read(R"({"jsonrpc":"2.0","method":"x","result":{"NAME":1}})").only().oddities.folded_key);
}

TEST_CASE("decoder: escapes are decoded, and those of plain letters told") {
    CHECK(read(R"({"jsonrpc":"2.0","method":"tools\/call"})").only().method == "tools/call");
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","method":"tools\/call"})").only().oddities.escaped_name);
    for (const char* text : {R"({"jsonrpc":"2.0","method":"tools\u002fcall"})",
                             R"({"jsonrpc":"2.0","\u006dethod":"tools/call"})",
                             R"({"jsonrp\u0063":"2.0","method":"\u0074\u006F\u006fls/call"})"}) {
        CHECK(read(text).only().method == "tools/call");
        CHECK(read(text).only().oddities.escaped_name);
    }
    CHECK(read(R"({"jsonrpc":"2.0","method":"\u00e9\ud83d\ude00\ud800x\udc00"})").only().method ==
          "\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx\xEF\xBF\xBD");
    CHECK_FALSE(read(R"({"jsonrpc":"2.0","method":"\u00e9\t"})").only().oddities.escaped_name);
}

TEST_CASE("decoder: what a broken escape stands for is never a letter") {
    CHECK(read(R"({"jsonrpc":"2.0","method":"x\q\u00g1\u12"})").only().method ==
          "x\xEF\xBF\xBDq\xEF\xBF\xBD"
          "00g1\xEF\xBF\xBD"
          "12");
    CHECK(read(R"({"j\sonrpc":"2.0","method":"x"})").messages.empty());
}

TEST_CASE("decoder: a text that is no UTF-8 is mended, and so are control characters in strings") {
    const auto invalid = read("{\"jsonrpc\":\"2.0\",\"method\":\"a\xFF\xC3\",\"id\":1}");
    CHECK(invalid.problem == Problem{"json.invalid_utf_8"});
    CHECK(invalid.only().method == "a\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(invalid.only().oddities.invalid_utf_8);
    const auto control = read("{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\",\"id\":1}");
    CHECK(control.problem == Problem{"json.control_character"});
    CHECK(control.only().method == "a\nb");
    const auto all =
        read("{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\xFF\",\"id\":1,\"params\":{\"name\":\"cu");
    CHECK(all.only().method == "a\nb\xEF\xBF\xBD");
    CHECK(all.only().id == "1");
}

TEST_CASE("decoder: of a text that ends too early everything before the end is told") {
    const std::string whole =
        R"({"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"run","_meta":{},"arguments":{"a":"\\\"b"}}})";
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto part = read(std::string_view(whole).substr(0, size));
        CAPTURE(size);
        CHECK(part.problem == Problem{"json.broken"});
        CHECK(part.messages.size() == (size >= whole.find(",\"params") ? 1 : part.messages.size()));
        for (const Message& message : part.messages) {
            CHECK(message.kind == Kind::request);
            CHECK((message.id == "12" || message.id.empty()));
            CHECK((message.method == "tools/call" || message.method.empty()));
            CHECK(message.tool == (size > whole.find(",\"_meta") ? "run" : message.tool));
            CHECK((message.tool == "run" || message.tool.empty()));
            CHECK(message.arguments == (size + 2 >= whole.size() ? R"({"a":"\\\"b"})" : ""));
        }
    }
}

TEST_CASE("decoder: a request whose jsonrpc was cut off is known by its method") {
    const auto cut =
        read(R"({"method":"tools/call","params":{"name":"run","arguments":{"text":"abc)");
    CHECK(cut.only().kind == Kind::request);
    CHECK(cut.only().tool == "run");
    CHECK(read(R"({"method":"notifications/progress","params":{"progress":1)").only().kind ==
          Kind::notification);
    CHECK(read(R"({"method":"tools/call","params":{"name":"run"}})").messages.empty());
    CHECK(read(R"({"method":"eth_call","params":{"name":"run")").messages.empty());
    CHECK(read(R"({"method":"ping","params":{"name":"run")").messages.empty());
    CHECK(
        read(R"({"jsonrpc":"1.0","method":"tools/call","params":{"name":"run")").messages.empty());
}

TEST_CASE("decoder: several values one behind the other are read; other trailing bytes are told") {
    const auto lines =
        read("{\"jsonrpc\":\"2.0\",\"method\":\"a\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"b\"}\n");
    REQUIRE(lines.messages.size() == 2);
    CHECK(lines.messages[1].method == "b");
    CHECK(lines.messages[1].bytes == 30);
    CHECK_FALSE(lines.messages[1].batch);
    CHECK(lines.problem == Problem{"json.trailing_bytes"});
    const auto zeros = read(std::string_view("{\"jsonrpc\":\"2.0\",\"method\":\"a\"}\0\0\0", 33));
    CHECK(zeros.messages.size() == 1);
    CHECK(zeros.problem == Problem{"json.trailing_bytes"});
    CHECK_FALSE(read("\xEF\xBB\xBF \r\n\t{\"jsonrpc\":\"2.0\",\"method\":\"a\"} \r\n\t ").problem);
}

TEST_CASE("decoder: facts are values at watched pointers, in order, by type") {
    mcp::Watch watch;
    const auto schema = watch.add("/result/tools/0/inputSchema");
    const auto name = watch.add("/result/tools/0/name");
    const auto second = watch.add("/result/tools/1/name");
    const auto slash = watch.add("/result/_meta/a~1b~0c");
    const auto number = watch.add("/result/n");
    const auto flag = watch.add("/result/f");
    const auto nothing = watch.add("/result/z");
    const auto id = watch.add("/id");
    const auto whole = watch.add("");
    const auto facts =
        read(
            R"({"id":1,"result":{"z":null,"f":true,"n":1e400,"_meta":{"a\/b~c":"x"},"tools":[{"name":"t","inputSchema":{}},{"name":"u"},)"
            R"({"name":"v"}]},"jsonrpc":"2.0"})",
            {}, watch)
            .only()
            .facts;
    REQUIRE(facts.size() == 9);
    for (std::size_t i = 0; i < facts.size(); ++i) CHECK(facts[i].pointer == i);
    CHECK(facts[schema].type == JsonType::object);
    CHECK(facts[schema].value.empty());
    CHECK(facts[name].value == "t");
    CHECK(facts[second].value == "u");
    CHECK(facts[slash].value == "x");
    CHECK(facts[number].value == "1e400");
    CHECK(facts[number].type == JsonType::number);
    CHECK(facts[flag].type == JsonType::boolean);
    CHECK(facts[flag].value == "true");
    CHECK(facts[nothing].type == JsonType::null);
    CHECK(facts[id].value == "1");
    CHECK(facts[whole].type == JsonType::object);
    CHECK(read(R"({"jsonrpc":"2.0","result":{"n":nonsense,"f":tru}})", {}, watch)
              .only()
              .facts.size() == 1);
}

TEST_CASE("decoder: facts of one message are not those of the one before, nor of an earlier twin") {
    mcp::Watch watch;
    watch.add("/params/a/b");
    watch.add("/params/c");
    const auto batch = read(
        R"([{"jsonrpc":"2.0","method":"x","params":{"a":{"b":1}}},{"jsonrpc":"2.0","method":"x","params":{"c":2}}])",
        {}, watch);
    REQUIRE(batch.messages.size() == 2);
    REQUIRE(batch.messages[0].facts.size() == 1);
    CHECK(batch.messages[0].facts[0].pointer == 0);
    REQUIRE(batch.messages[1].facts.size() == 1);
    CHECK(batch.messages[1].facts[0].pointer == 1);
    const auto twin =
        read(R"({"jsonrpc":"2.0","method":"x","params":{"a":{"b":1},"a":{},"c":1,"c":2}})", {},
             watch)
            .only();
    REQUIRE(twin.facts.size() == 1);
    CHECK(twin.facts[0].value == "2");
}

TEST_CASE("decoder: a fact's text is at most 256 bytes, and never half a character") {
    mcp::Watch watch;
    watch.add("/params/a");
    for (const char* unit :
         {"x", "\xC3\xA9", "\xF0\x9F\x98\x80", "\\u00e9", "\\ud83d\\ude00", "\\n"}) {
        std::string text = R"({"jsonrpc":"2.0","method":"x","params":{"a":"y)";
        for (int i = 0; i < 5000; ++i) text += unit;
        const std::string value = read(text + "\"}}", {}, watch).only().facts.at(0).value;
        CHECK(value.size() <= 256);
        CHECK(value.size() > 252);
        std::string mended;
        mcp::append_mended(mended, value);
        CHECK(mended == value);
    }
}

TEST_CASE("decoder: UTF-16 and UTF-32 are read, with and without a byte order mark") {
    const std::string text = R"({"jsonrpc":"2.0","method":"tools/call","id":"é😀"})";
    const std::u32string points = U"{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":\"é😀\"}";
    const std::u16string units = u"{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"id\":\"é😀\"}";
    for (const bool mark : {false, true}) {
        for (const bool big : {false, true}) {
            std::string narrow, wide;
            for (const char16_t unit : (mark ? u"\uFEFF" : u"") + units) {
                for (int i = 0; i < 2; ++i)
                    narrow.push_back(static_cast<char>(unit >> 8 * (big ? 1 - i : i)));
            }
            for (const char32_t point : (mark ? U"\uFEFF" : U"") + points) {
                for (int i = 0; i < 4; ++i)
                    wide.push_back(static_cast<char>(point >> 8 * (big ? 3 - i : i)));
            }
            for (const std::string& encoded : {narrow, wide}) {
                const auto reading = read(encoded);
                CHECK_FALSE(reading.problem);
                CHECK(reading.only().oddities.utf_16);
                CHECK(reading.only().method == "tools/call");
                CHECK(reading.only().id == "\"é😀\"");
                CHECK(reading.only().bytes == encoded.size());
            }
        }
    }
    CHECK_FALSE(read(text).only().oddities.utf_16);
    // A film begins with zeros as well.
    CHECK(read(std::string_view("\0\0\0\x18"
                                "ftypmp42\0\0\0\0",
                                16))
              .messages.empty());
}

TEST_CASE("decoder: what grows without bound is read in a time that grows with it") {
    // Quadratic work would take minutes here.
    std::string twins = "{\"jsonrpc\":\"2.0\"", strays = twins, batch = "[",
                tools = R"({"jsonrpc":"2.0","result":{"tools":[)";
    for (int i = 0; i < 100'000; ++i) {
        twins += R"(,"method":"a","params":{"name":"x","_meta":{}})";
        strays += ",\"k" + std::to_string(i) + "\":1";
        batch += R"({"jsonrpc":"2.0","method":"a"},)";
        tools += R"({"name":"a"},)";
    }
    CHECK(read(twins + "}").only().oddities.duplicate_key);
    CHECK_FALSE(read(strays + ",\"method\":\"a\"}").only().oddities.duplicate_key);
    CHECK(read(batch + "7]").messages.size() == 1000);
    CHECK(read(tools + "7]}}").only().tools.size() == 4096);
    const std::string brackets(1'000'000, '['), braces = [] {
        std::string out;
        for (int i = 0; i < 250'000; ++i) out += "{\"params\":";
        return out;
    }();
    CHECK(read(brackets).problem);
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","params":)" + brackets).only().method == "a");
    CHECK(read(R"({"jsonrpc":"2.0","method":"a","params":)" + brackets +
               std::string(1'000'000, ']') + "}")
              .problem == Problem{"json.too_deep"});
    CHECK(read(braces).problem);
    CHECK(read(std::string(4'000'000, ' ') + R"({"jsonrpc":"2.0","method":"a"})").messages.size() ==
          1);
}

TEST_CASE("decoder: one that has read other texts reads the next as a new one does") {
    mcp::Decoder used({}, {}, {.payloads = true});
    const std::vector<std::string> texts = {
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{}}})",
        "{\"jsonrpc\":\"2.0\",\"method\":\"cut",
        R"({"jsonrpc":"2.0","id":1,"result":{}})",
        std::string(100'000, '['),
        "{\"jsonrpc\":\"2.0\",\"method\":\"a\xFF\"}",
        R"([{"jsonrpc":"2.0","method":"b"}])"};
    for (int round = 0; round < 2; ++round) {
        for (const std::string& text : texts) {
            std::vector<Message> messages;
            const Problem problem = used.decode(as_bytes(text), false, messages);
            const auto fresh = read(text);
            CHECK(problem == fresh.problem);
            REQUIRE(messages.size() == fresh.messages.size());
            for (std::size_t i = 0; i < messages.size(); ++i) {
                CHECK(messages[i].method == fresh.messages[i].method);
                CHECK(messages[i].tool == fresh.messages[i].tool);
                CHECK(messages[i].arguments == fresh.messages[i].arguments);
                CHECK(messages[i].kind == fresh.messages[i].kind);
            }
        }
    }
}
