#include "detect/software.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace umbratap::detect {
namespace {

std::vector<std::string> found(const std::string& name, const std::string& version,
                               Software::Side side) {
    static const Software software(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    std::vector<Weakness> weaknesses;
    software.find({name, version}, side, weaknesses);
    std::vector<std::string> ids;
    for (const Weakness& weakness : weaknesses) ids.push_back(weakness.id);
    return ids;
}

using Ids = std::vector<std::string>;
constexpr auto server = Software::Side::server, client = Software::Side::client;

TEST_CASE("a version within a range is a weakness, one outside is not") {
    CHECK(found("litellm", "1.80.0", server) == Ids{"CVE-2026-42271"});
    CHECK(found("LiteLLM", "1.83.7", server).empty());
    CHECK(found("litellm", "1.0.0", server).empty());
}

TEST_CASE("a bridge is known by the version in the name that it adds to") {
    CHECK(found("Cursor (via mcp-remote 0.1.10)", "9.9", client) == Ids{"CVE-2025-6514"});
    CHECK(found("Cursor (via mcp-remote 0.1.16)", "1.0", client).empty());
    CHECK(found("my mcp-remote", "0.1.10", client).empty());
}

TEST_CASE("another side, another name and no version at all are no finding") {
    CHECK(found("litellm", "1.80.0", client).empty());
    CHECK(found("litellm-fork", "1.80.0", server).empty());
    CHECK(found("litellm", "", server).empty());
    CHECK(found("litellm", "latest", server).empty());
    CHECK(found("", "", server).empty());
}

}  // namespace
}  // namespace umbratap::detect
