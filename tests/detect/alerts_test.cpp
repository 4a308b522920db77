#include "detect/alerts.h"

#include <doctest/doctest.h>

#include "temporary_directory.h"

using namespace umbratap;
using detect::AlertCatalogue;

namespace {

std::string entry(const std::string& category, int sid) {
    return "  - {category: " + category + ", sid: " + std::to_string(sid) +
           ", signature: s, severity: 2, why: w, advice: a}\n";
}

std::string complaint(const std::string& yaml) {
    const test::TemporaryDirectory directory;
    directory.write("alerts.yaml", yaml);
    const std::string text = test::complaint_of([&] { AlertCatalogue read(directory.path()); });
    return text.starts_with(directory.path()) ? text.substr(directory.path().size() + 1) : text;
}

}  // namespace

TEST_CASE("alerts: every category that the code raises has a name, a number and a severity") {
    const AlertCatalogue catalogue(test::rules_directory());
    const detect::AlertKind& shadow = catalogue.find("shadow-server");
    CHECK(shadow.signature_id == 2001);
    CHECK(shadow.severity == 2);
    CHECK(shadow.metadata.at("owasp_mcp") == std::vector<std::string>{"MCP09"});
    CHECK_FALSE(shadow.signature.empty());
}

TEST_CASE("alerts: a mere suspicion is never worse than severity 3") {
    CHECK(AlertCatalogue(test::rules_directory()).find("suspected-mcp").severity >= 3);
}

TEST_CASE("alerts: a missing category, a number twice and unknown keys are refused") {
    CHECK(complaint("alerts: []") ==
          "alerts.yaml:1: expected an alert of the category 'shadow-server'");
    CHECK(complaint("alerts:\n" + entry("a", 2001) + entry("b", 2001)) ==
          "alerts.yaml:3: the sid is taken by 'a'");
    CHECK(complaint("alerts:\n" + entry("a", 2001) + entry("a", 2002)) ==
          "alerts.yaml:3: the category 'a' is there twice");
    CHECK(complaint("alerts:\n  - {category: a, sid: 2001, signature: s, severity: 5}") ==
          "alerts.yaml:2: expected a whole number from 1 to 4");
    CHECK(complaint("alerts:\n  - {category: a, sid: 2001, signature: s, severty: 1}") ==
          "alerts.yaml:2: unknown key 'severty', did you mean 'severity'?");
    CHECK(complaint("alerts:\n  - {category: a, sid: 1001, signature: s, severity: 1}")
              .starts_with("alerts.yaml:2: expected a whole number from 2000"));
}
