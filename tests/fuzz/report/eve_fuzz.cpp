// Any text in any field of any record is one line of JSON.
#include <simdjson.h>

#include "report/eve.h"
#include "report/summary.h"
#include "report/text.h"

namespace {

using namespace umbratap;

/// Texts out of the input, cut at 0xff.
class Texts {
public:
    explicit Texts(std::string_view input) : rest_(input) {}
    std::string next() {
        const std::string_view text = rest_.substr(0, rest_.find('\xff'));
        rest_.remove_prefix(std::min(rest_.size(), text.size() + 1));
        return std::string(text);
    }

private:
    std::string_view rest_;
};

void check(const inventory::Record& record) {
    static simdjson::dom::parser parser;
    std::string line;
    report::write_eve(record, {}, line);
    if (line.find('\n') != line.size() - 1) __builtin_trap();
    if (parser.parse(line).error() != simdjson::SUCCESS) __builtin_trap();
    for (std::string_view rest = std::string_view(line).substr(0, line.size() - 1);
         !rest.empty();) {
        const report::Character character = report::first_character(rest);
        if (!character.valid || report::is_deceptive(character.code)) __builtin_trap();
        rest.remove_prefix(character.length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Texts texts({reinterpret_cast<const char*>(data), size});
    inventory::Call call;
    call.outcome = inventory::Outcome::error;
    for (std::string* text : {&call.method, &call.id, &call.arguments, &call.tool,
                              &call.resource_uri, &call.parties.host, &call.parties.path,
                              &call.parties.client.name, &call.error_message, &call.result}) {
        *text = texts.next();
    }
    inventory::Session session;
    session.parties = call.parties;
    session.methods = {{call.method, 1}, {texts.next(), 2}};
    session.tools_listed = {texts.next(), texts.next()};
    inventory::Alert alert;
    alert.parties = call.parties;
    alert.excerpt = texts.next();
    alert.metadata = {{texts.next(), {texts.next()}}};
    check(call);
    check(session);
    check(alert);
    report::Summary summary;
    summary.add(session);
    summary.add(alert);
    const std::string said = summary.render({});
    for (std::string_view rest = said; !rest.empty();) {
        const report::Character character = report::first_character(rest);
        if (!character.valid || (character.code != '\n' && report::is_deceptive(character.code)))
            __builtin_trap();
        rest.remove_prefix(character.length);
    }
    return 0;
}
