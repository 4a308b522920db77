#include "detect/presets.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "detect/rules.h"

namespace umbratap::detect {
namespace {

TEST_CASE("a preset leaves out what matters less, and what it switches off") {
    const Preset preset{"p", 2, {"tool-drift", "a-rule"}};
    CHECK(preset.reports("evasion", "x", 2));
    CHECK(!preset.reports("evasion", "x", 3));
    CHECK(!preset.reports("tool-drift", "x", 1));
    CHECK(!preset.reports("evasion", "a-rule", 1));
    CHECK(Preset().reports("anything", "", 4));
}

TEST_CASE("the product's presets are known by name, others are refused with a suggestion") {
    const Presets presets(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    CHECK(presets.find("quiet").severity_max == 2);
    CHECK(presets.find("hunt").off.empty());
    try {
        presets.find("standart");
        FAIL("found");
    } catch (const RuleError& error) {
        CHECK(std::string(error.what()).find("did you mean 'standard'") != std::string::npos);
    }
}

TEST_CASE("what is switched off must be something") {
    const Presets presets(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    CHECK_THROWS_AS(presets.demand_known({"tool-drift"}), RuleError);
    presets.demand_known({"server-card", "authorisation-for-server", "between-approved", "rhythm-alone", "outdated-revision"});
}

}  // namespace
}  // namespace umbratap::detect
