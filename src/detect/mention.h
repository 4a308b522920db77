// An MCP server that a text of another protocol names: rules/mentions.yaml.
#pragma once

#include <cstdint>
#include <string>

namespace umbratap::detect {

struct Mention {
    std::string rule;      ///< id
    std::string category;  ///< of the alert; empty for a local server: inventory only
    std::string title;
    std::uint32_t signature_id = 0;
    int severity = 0;        ///< 0: that of the category
    std::string where;       ///< `tools[0].server_url`
    std::string host, path;  ///< of the server's URL; empty where it has none
    std::uint16_t port = 0;
    bool tls = true;
    std::string name;         ///< what the text calls the server; a connector's or tunnel's id
    std::string shown;        ///< the URL without credentials and query, or the id
    std::uint32_t tools = 0;  ///< of a local server: how many are named
};

}  // namespace umbratap::detect
