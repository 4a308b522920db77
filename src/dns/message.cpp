// Names that DNS answers give to addresses (RFC 1035, 4.1).
//
//     id 2 | flags 2 | counts of questions, answers, authorities, additionals, 2 each
//     question:  name | type 2 | class 2
//     record:    name | type 2 | class 2 | time to live 4 | length 2 | content
//     name:      (length 1 | label)* and then 0, or 11 and 14 bits: goes on at that place
//
// Servers need not send records in order, and may send some that nobody asked for. Hence all
// records are read first, and the chain is followed from the question on afterwards.
#include "dns/message.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace umbratap::dns {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t name_bytes_max = 255;  // RFC 1035, 2.3.4
constexpr int jumps_max = 64;

constexpr std::uint16_t type_a = 1, type_cname = 5, type_aaaa = 28;
constexpr std::uint16_t class_internet = 1;

struct Record {
    std::string owner;
    std::uint16_t type = 0;
    std::string target;                      // of a CNAME
    std::array<std::uint8_t, 16> address{};  // of A and AAAA
};

void append_label(Bytes label, std::string& out) {
    for (std::uint8_t c : label) {
        if (c > ' ' && c < 0x7f) {
            if (c == '.' || c == '\\') out += '\\';
            out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        } else {
            out += '\\';
            out += static_cast<char>('0' + c / 100);
            out += static_cast<char>('0' + c / 10 % 10);
            out += static_cast<char>('0' + c % 10);
        }
    }
}

class Reader {
public:
    explicit Reader(Bytes message) noexcept : message_(message) {}

    bool has(std::size_t count) const noexcept { return message_.size() - at_ >= count; }
    std::size_t at() const noexcept { return at_; }
    void move_to(std::size_t place) noexcept { at_ = place; }
    std::uint16_t take_16() noexcept {
        at_ += 2;
        return big_endian_16(&message_[at_ - 2]);
    }
    void skip(std::size_t count) noexcept { at_ += count; }
    Bytes ahead(std::size_t count) const noexcept { return message_.subspan(at_, count); }

    /// Reads a name and stands behind it. A pointer must lead to a place before the part of the
    /// name it stands in ("a prior occurrence", 4.1.4); so no name can go in circles.
    std::optional<std::string> take_name() {
        std::string text;
        std::size_t place = at_, part = at_, bytes = 1;
        std::optional<std::size_t> behind;
        for (int jumps = 0; place < message_.size();) {
            const std::uint8_t length = message_[place];
            if (length == 0) {
                at_ = behind.value_or(place + 1);
                return text.empty() ? "." : text;
            }
            if (length >= 0xc0) {
                if (message_.size() - place < 2 || ++jumps > jumps_max) break;
                const std::size_t target = big_endian_16(&message_[place]) & 0x3fff;
                if (target >= part) break;
                if (!behind) behind = place + 2;
                place = part = target;
                continue;
            }
            bytes += 1U + length;
            if (length > 63 || bytes > name_bytes_max || message_.size() - place <= length) break;
            if (!text.empty()) text += '.';
            append_label(message_.subspan(place + 1, length), text);
            place += 1U + length;
        }
        return std::nullopt;
    }

private:
    Bytes message_;
    std::size_t at_ = 0;
};

/// What is no CNAME, A or AAAA of the Internet is passed over: its type is 0 then.
Problem take_record(Reader& reader, Record& record) {
    auto owner = reader.take_name();
    if (!owner) return Problem{"dns.bad_name"};
    if (!reader.has(10)) return Problem{"dns.bad_record"};
    const std::uint16_t type = reader.take_16();
    const bool internet = reader.take_16() == class_internet;
    reader.skip(4);
    const std::size_t length = reader.take_16();
    if (!reader.has(length)) return Problem{"dns.bad_record"};
    const Bytes content = reader.ahead(length);
    const std::size_t behind = reader.at() + length;
    if (internet && type == type_cname) {
        auto target = reader.take_name();
        if (!target) return Problem{"dns.bad_name"};
        if (reader.at() != behind) return Problem{"dns.bad_record"};
        record.target = std::move(*target);
        record.type = type;
    } else if (internet && (type == type_a || type == type_aaaa)) {
        if (length != (type == type_a ? 4 : 16)) return Problem{"dns.bad_record"};
        if (type == type_a) record.address[10] = record.address[11] = 0xff;
        std::copy(content.begin(), content.end(), record.address.end() - content.size());
        record.type = type;
    }
    record.owner = std::move(*owner);
    reader.move_to(behind);
    return no_problem;
}

/// From the name asked for to its addresses, by way of its aliases. A record counts once, so that
/// aliases that go in circles come to an end.
Problem follow(std::vector<Record>& records, Answer& answer) {
    std::string name = answer.question;
    for (;;) {
        Record* alias = nullptr;
        for (Record& record : records) {
            if (record.type == 0 || record.owner != name) continue;
            if (record.type != type_cname) {
                answer.addresses.push_back(record.address);
                record.type = 0;
            } else if (alias == nullptr) {
                alias = &record;
            }
        }
        if (alias == nullptr) return no_problem;
        if (answer.aliases.size() == aliases_max) return Problem{"dns.too_many_aliases"};
        name = alias->target;
        alias->type = 0;
        answer.aliases.push_back(name);
    }
}

}  // namespace

Problem decode(Bytes message, Answer& answer) noexcept {
    answer.question.clear();
    answer.aliases.clear();
    answer.addresses.clear();
    if (message.size() < header_bytes) return Problem{"dns.too_short"};

    const std::uint16_t flags = big_endian_16(&message[2]);
    const bool is_response = flags & 0x8000, cut_short = flags & 0x0200;
    const unsigned kind = flags >> 11 & 0xf, error = flags & 0xf;
    if (!is_response || kind != 0 || error != 0 || big_endian_16(&message[4]) != 1) {
        return no_problem;
    }
    const std::size_t count = big_endian_16(&message[6]);

    Reader reader(message);
    reader.skip(header_bytes);
    auto question = reader.take_name();
    if (!question) return Problem{"dns.bad_name"};
    if (!reader.has(4)) return Problem{"dns.too_short"};
    reader.skip(2);
    if (reader.take_16() != class_internet) return no_problem;
    answer.question = std::move(*question);

    Problem problem;
    std::vector<Record> records;
    for (std::size_t i = 0; i < count && !problem; ++i) {
        if (i == records_max) {
            problem = Problem{"dns.too_many_records"};
            break;
        }
        if (cut_short && !reader.has(1)) break;
        Record record;
        problem = take_record(reader, record);
        if (record.type != 0 && !problem) records.push_back(std::move(record));
    }
    return problem.or_else(follow(records, answer));
}

}  // namespace umbratap::dns
