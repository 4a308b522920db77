// What the decoder takes for a message must be "perhaps"; the cache must never be believed too much.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "detect/prefilter.h"
#include "detect/rules.h"

using namespace umbratap;
using detect::Prefilter;

namespace {

std::string rules() { return std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules"; }

}  // namespace

TEST_CASE("prefilter: every anchor finds its examples and spares the others") {
    const Prefilter prefilter(rules(), "");
    for (const std::string& complaint : prefilter.check()) FAIL_CHECK(complaint);
}
