// What the texts of one push point into, and must therefore live until the next push.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/buffer.h"

namespace umbratap::http {

class Shelf {
public:
    explicit Shelf(Budget& budget) noexcept : budget_(&budget) {}

    /// Takes the content of `buffer` over, which is empty afterwards.
    Bytes keep(Buffer& buffer) {
        Buffer& kept = buffers_.emplace_back(*budget_);
        kept.swap(buffer);
        return kept.bytes();
    }
    /// The same for memory that an inflater wrote.
    Bytes keep(std::vector<std::uint8_t>&& bytes) {
        return vectors_.emplace_back(std::move(bytes));
    }

    /// And for a reader whose texts point into itself.
    void keep(std::shared_ptr<void> reader) { readers_.push_back(std::move(reader)); }

    /// At the start of each push: nobody points here any more.
    void clear() noexcept {
        buffers_.clear();
        vectors_.clear();
        readers_.clear();
    }
    Budget& budget() const noexcept { return *budget_; }

private:
    Budget* budget_;
    std::vector<Buffer> buffers_;
    std::vector<std::vector<std::uint8_t>> vectors_;
    std::vector<std::shared_ptr<void>> readers_;
};

}  // namespace umbratap::http
