// What one worker works with: the book in force, tools, and a pipeline of its own.
#pragma once

#include <utility>

#include "engine/book.h"
#include "engine/pipeline.h"
#include "engine/reporter.h"

namespace umbratap::engine {

struct Workplace {
    BookPointer book;
    Tools tools;
    Pipeline pipeline;

    Workplace(const Options& options, unsigned index, BookPointer in_force)
        : book(std::move(in_force)),
          tools(options.limits, wanted_by(options), *book),
          pipeline(tools, index) {
        tools.secrets.expect_more(!options.keylogs.empty());
    }
    Workplace(const Workplace&) = delete;
    Workplace& operator=(const Workplace&) = delete;

    /// What counts for the packets that are pushed next.
    void adopt(BookPointer other) {
        tools.adopt(*other);
        book = std::move(other);
    }
};

}  // namespace umbratap::engine
