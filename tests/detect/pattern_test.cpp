#include "detect/pattern.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace detect = umbratap::detect;

namespace {

detect::Pattern pattern(const std::string& expression) {
    detect::Databases databases;
    return detect::Pattern(expression, databases);
}

}  // namespace

TEST_CASE("pattern: it is looked for anywhere, and anchors hold it") {
    CHECK(pattern("b+c").found_in("abbcd"));
    CHECK_FALSE(pattern("^b+c").found_in("abbcd"));
    CHECK_FALSE(pattern("b+c$").found_in("abbcd"));
    CHECK(pattern("a.c").found_in("a\nc"));
    CHECK(pattern("x*").found_in(""));
    CHECK_FALSE(pattern("x").found_in({}));
    CHECK(pattern("\\x00").found_in(std::string("a\0b", 3)));
}

TEST_CASE("pattern: what cannot be compiled, or would take too long, is refused") {
    for (const std::string& expression :
         {std::string("("), std::string("(a)\\1"), std::string("a(?=b)"), std::string(2000, 'a'),
          std::string("a\0b", 3)}) {
        CAPTURE(expression);
        CHECK_THROWS_AS(pattern(expression), std::invalid_argument);
    }
}

TEST_CASE(
    "pattern: patterns of several sizes share one thread's scratch, and threads have their own") {
    const detect::Pattern small = pattern("a"), large = pattern("(foo|bar|[a-z]{3,9}x){1,20}y"),
                          other = pattern("^q");
    const auto use = [&](bool& right) {
        right = true;
        for (int i = 0; i < 100; ++i) {
            right = right && small.found_in("xax") && large.found_in("foobarabcxy") &&
                    !other.found_in("aq");
        }
    };
    bool here = false, there = false;
    std::thread thread([&] { use(there); });
    use(here);
    thread.join();
    CHECK(here);
    CHECK(there);
}
