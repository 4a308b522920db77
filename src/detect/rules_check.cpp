// Runs the examples of the rules: each rule's own, and those that all rules together must confirm
// or spare.
#include <algorithm>

#include "base/digest.h"
#include "detect/rules_state.h"

namespace umbratap::detect {

namespace {

/// All evidence that an example gives, each of its messages apart.
std::vector<Evidence> evidence_of(const Rules& rules, mcp::Decoder& decoder,
                                  const Example& example) {
    Surroundings around;
    around.request = example.has_request ? &example.request : nullptr;
    around.response = example.has_response ? &example.response : nullptr;
    around.kind = example.kind;
    around.event_name = example.event_name;
    if (!example.has_text) {
        Evidence heads = rules.weigh(example.request, around.response);
        rules.find_signs(example.request, around.response, heads.rules);
        std::sort(heads.rules.begin(), heads.rules.end());
        return {heads};
    }
    Batch<mcp::Message> messages;
    decoder.decode(as_bytes(example.text), false, messages);
    std::vector<Evidence> found;
    for (const mcp::Message& message : messages) found.push_back(rules.weigh(message, around));
    if (messages.empty() && example.kind == http::TextKind::event) {
        found.push_back(rules.weigh_event(example.event_name, example.text, around));
    }
    return found;
}

std::string shortened(const std::string& text) {
    return text.size() <= 100 ? text : text.substr(0, 100) + "…";
}

}  // namespace

std::vector<std::string> Rules::check() const {
    std::vector<std::string> failures;
    mcp::Decoder decoder({}, state_->watch, {});
    const auto complain = [&](const std::string& file, const Example& example,
                              const std::string& complaint) {
        failures.push_back(file + ":" + std::to_string(example.line) + ": " + complaint +
                           (example.has_text ? ": " + shortened(example.text) : std::string()));
    };
    for (std::uint16_t number = 0; number < state_->rules.size(); ++number) {
        const Rule& rule = state_->rules[number];
        const auto speaks = [&](const Example& example) {
            const std::vector<Evidence> found = evidence_of(*this, decoder, example);
            return std::any_of(found.begin(), found.end(), [&](const Evidence& evidence) {
                return std::binary_search(evidence.rules.begin(), evidence.rules.end(), number);
            });
        };
        for (const Example& example : rule.matches) {
            if (!speaks(example)) complain(rule.info.file, example, rule.info.id + " should match");
        }
        for (const Example& example : rule.spares) {
            if (speaks(example)) complain(rule.info.file, example, rule.info.id + " should spare");
        }
    }
    const auto confidence = [&](const Example& example) {
        int most = 0;
        for (const Evidence& evidence : evidence_of(*this, decoder, example))
            most = std::max<int>(most, evidence.confidence);
        return most;
    };
    for (const State::WholeExample& whole : state_->confirms) {
        if (const int most = confidence(whole.example); most < confidence_confirmed) {
            complain(whole.file, whole.example,
                     "all rules together should confirm, but give " + std::to_string(most));
        }
    }
    for (const State::WholeExample& whole : state_->never_confirms) {
        if (const int most = confidence(whole.example); most >= confidence_confirmed) {
            complain(whole.file, whole.example,
                     "all rules together should not confirm, but give " + std::to_string(most));
        }
    }
    return failures;
}

std::string Rules::State::version() const {
    return to_hex(Bytes(sha256(as_bytes(texts))).first(8));
}

}  // namespace umbratap::detect
