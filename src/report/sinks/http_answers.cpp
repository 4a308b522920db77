// What HTTP receivers answer.
#include "report/sinks/http_answers.h"

#include <simdjson.h>

#include <charconv>

#include "report/text.h"

namespace umbratap::report {

namespace {

using simdjson::dom::element;

/// Parses `body` and hands its object to `read`, which says whether it made sense.
template <class Result, class Read>
std::optional<Result> read_json(std::string_view body, const Read& read) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS) return {};
    Result result;
    if (!read(object, result)) return {};
    return result;
}

std::optional<std::uint64_t> number_of(const simdjson::dom::object& object, std::string_view key) {
    std::uint64_t number = 0;
    if (object[key].get(number) != simdjson::SUCCESS) return {};
    return number;
}

}  // namespace

std::optional<HecAnswer> read_hec_answer(std::string_view body) {
    return read_json<HecAnswer>(body, [](const auto& object, HecAnswer& answer) {
        std::string_view text;
        if (object["text"].get(text) == simdjson::SUCCESS) answer.text = excerpt(text);
        answer.acknowledgement = number_of(object, "ackId");
        answer.invalid_event = number_of(object, "invalid-event-number");
        return object["code"].get(answer.code) == simdjson::SUCCESS;
    });
}

std::optional<std::vector<std::uint64_t>> read_hec_acknowledgements(std::string_view body) {
    using Ids = std::vector<std::uint64_t>;
    return read_json<Ids>(body, [](const auto& object, Ids& ids) {
        simdjson::dom::object acknowledgements;
        if (object["acks"].get(acknowledgements) != simdjson::SUCCESS) return false;
        for (const auto& [key, value] : acknowledgements) {
            std::uint64_t id = 0;
            const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
            bool done = false;
            if (error == std::errc{} && end == key.data() + key.size() &&
                value.get(done) == simdjson::SUCCESS && done)
                ids.push_back(id);
        }
        return true;
    });
}

std::optional<BulkAnswer> read_bulk_answer(std::string_view body) {
    return read_json<BulkAnswer>(body, [](const auto& object, BulkAnswer& answer) {
        simdjson::dom::array items;
        if (object["items"].get(items) != simdjson::SUCCESS) return false;
        for (const element item : items) {
            // {"create": {"_index": …, "status": 201}}, or with "error": {"type", "reason"}
            simdjson::dom::object actions, outcome;
            if (item.get(actions) != simdjson::SUCCESS || actions.begin() == actions.end() ||
                (*actions.begin()).value.get(outcome) != simdjson::SUCCESS)
                return false;
            const auto status = number_of(outcome, "status");
            if (!status || *status > 999) return false;
            answer.statuses.push_back(static_cast<int>(*status));
            std::string_view reason;
            if (answer.complaint.empty() && *status >= 400 && *status != 409 &&
                outcome["error"]["reason"].get(reason) == simdjson::SUCCESS)
                answer.complaint = excerpt(reason);
        }
        return true;
    });
}

std::string excerpt(std::string_view body) {
    constexpr int columns_max = 160;
    return terminal_text(body.substr(0, 4 * columns_max), columns_max);
}

}  // namespace umbratap::report
