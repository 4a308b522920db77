// Walks the tokens of a text once, along a Plan, and remembers where the values are that the plan
// asks for.
//
// Structure only: what a value means is for the decoder to say, when it is known which of several
// counts (the last one, as in most decoders). Nothing recurses deeper than the plan: the rest is
// skipped by counting brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/json_index.h"
#include "mcp/message.h"
#include "mcp/plan.h"

namespace umbratap::mcp {

/// Where the value of a node stands.
struct Spot {
    std::uint32_t message = 0;  ///< stale unless it is the walker's
    std::uint32_t first = 0;    ///< tokens [first, end)
    std::uint32_t end = 0;
    bool folded = false;  ///< found without case
    bool whole = false;   ///< not cut by the end of a damaged text
};

class Walker {
public:
    Walker(const Plan& plan, const JsonIndex& index, std::uint32_t depth_max);

    void begin_text() noexcept { place_ = {}; }
    std::uint32_t at() const noexcept { return place_.at; }
    std::uint8_t kind() const noexcept { return index_->kind(place_.at); }
    bool broken() const noexcept { return place_.broken; }  ///< nothing can be read behind here
    bool too_deep() const noexcept {
        return place_.too_deep;
    }  ///< more brackets than depth_max are open somewhere

    /// Reads the object at at() as a message; afterwards the accessors below speak of it.
    void read_message();
    /// Steps over the bracket that opens an array; then next_element until false.
    void enter_array() noexcept;
    bool next_element(bool first) noexcept;
    void skip() noexcept;

    /// Looks again at the array of a spot: calls `see(first, end)` with the tokens of each whole
    /// element until it returns false.
    template <class See>
    void for_each_element(const Spot& spot, See see) {
        const Place before = place_;
        place_ = {.at = spot.first};
        enter_array();
        for (bool first = true; next_element(first); first = false) {
            const std::uint32_t begin = place_.at;
            skip();
            if (place_.broken || !see(begin, place_.at)) break;
        }
        place_ = before;
    }
    /// The last value of `key` in the object at token `first`, which is whole. At count() if there
    /// is none.
    std::uint32_t member(std::uint32_t first, std::string_view key);

    const Spot* find(std::uint32_t node) const noexcept {
        return spots_[node].message == message_ ? &spots_[node] : nullptr;
    }
    const std::vector<std::uint32_t>& methods() const noexcept {
        return methods_;
    }  ///< every string value of `method`
    const std::vector<std::uint32_t>& facts() const noexcept {
        return facts_;
    }  ///< nodes with pointers, perhaps stale
    bool has_version() const noexcept { return has_version_; }  ///< some `jsonrpc` is "2.0"
    Oddities oddities() const noexcept { return oddities_; }

private:
    void object(std::uint32_t number);
    void array(std::uint32_t number);
    void member_value(std::uint32_t number, std::string_view key);
    void value(std::uint32_t number, bool folded);
    void note(std::uint32_t number, std::uint32_t token);
    void forget(std::uint32_t number) noexcept;
    bool key(std::string_view& name, bool envelope);
    void skip_to_close() noexcept;
    void deepen() noexcept { place_.too_deep |= ++place_.depth > depth_max_; }
    void find_twins(std::size_t base);

    const Plan* plan_;
    const JsonIndex* index_;
    std::uint32_t depth_max_;
    struct Place {
        std::uint32_t at = 0;  // the next token
        std::uint32_t depth = 0;
        bool broken = false;
        bool too_deep = false;
    };
    Place place_;
    std::uint32_t message_ = 0;
    bool has_version_ = false;
    Oddities oddities_;
    std::vector<Spot> spots_;             // by node
    std::vector<std::uint32_t> methods_;  // tokens
    std::vector<std::uint32_t> facts_;    // nodes
    std::vector<std::size_t>
        stray_keys_;  // hashes of keys that the plan does not know, of the strict objects open now
    std::string key_, folded_;
};

}  // namespace umbratap::mcp
