// Short forms for what tests of this folder ask most often of a written conversation.
#pragma once

#include <doctest/doctest.h>

#include "http/reading.h"

namespace umbratap::test {

/// What is read, after checking the law of the cut.
inline std::string seen(const std::vector<Said>& conversation, const http::Limits& limits = {}) {
    CHECK(conversation_differs_when_cut(conversation, limits) == "");
    return read_conversation(conversation, limits);
}

inline std::string problem_of(const std::vector<Said>& conversation,
                              const http::Limits& limits = {}) {
    Reading reading(limits);
    for (const Said& said : conversation) reading.say(said);
    return reading.end().problem();
}

inline http::Unseen unseen_of(const std::vector<Said>& conversation,
                              const http::Limits& limits = {}) {
    Reading reading(limits);
    for (const Said& said : conversation) reading.say(said);
    return reading.end().unseen();
}

}  // namespace umbratap::test
