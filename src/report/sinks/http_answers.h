// What HTTP receivers answer, taken apart. Every byte is the receiver's word: what makes no sense
// is no answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::report {

/// Splunk's HTTP Event Collector: {"text":"Success","code":0,"ackId":7}
struct HecAnswer {
    std::int64_t code = -1;
    std::optional<std::uint64_t> acknowledgement;  ///< to be asked for
    std::optional<std::uint64_t> invalid_event;    ///< index of the event that it does not take
    std::string text;
};
std::optional<HecAnswer> read_hec_answer(std::string_view body);

/// {"acks":{"7":true,"8":false}}: the ids that are true.
std::optional<std::vector<std::uint64_t>> read_hec_acknowledgements(std::string_view body);

/// Elasticsearch's _bulk: the status of each item, in their order, and the first complaint.
struct BulkAnswer {
    std::vector<int> statuses;
    std::string complaint;
};
std::optional<BulkAnswer> read_bulk_answer(std::string_view body);

/// The beginning of an answer, fit for an error line.
std::string excerpt(std::string_view body);

}  // namespace umbratap::report
