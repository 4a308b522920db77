// What the wire says of a server never makes it an approved one unless SNI and Host are an approved
// name, and the path stays within the approved ones in every reading that we know of.
//
// The input is SNI, Host and path, a line each.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "detect/host_name.h"
#include "detect/yaml.h"
#include "inventory/policy.h"
#include "inventory/url_path.h"

using namespace umbratap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto policy = inventory::Policy::read(
        detect::YamlNode::parse("version: 1\nportals: [{name: p, hosts: [portal.example, "
                                "'*.mcp.example'], paths: [/mcp, '/team/*']}]",
                                "f.yaml"));
    std::string_view text = as_text({data, size});
    const auto line = [&] {
        const std::string taken(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(text.size(), taken.size() + 1));
        return taken;
    };
    inventory::Contact contact;
    contact.tls = true;
    contact.server_name = line();
    contact.host = line();
    contact.path = line();
    if (policy.judge(contact).verdict != inventory::Verdict::approved) return 0;

    const auto name = detect::host_name(contact.server_name);
    if (!name || (*name != "portal.example" && !name->ends_with(".mcp.example"))) std::abort();
    if (!contact.host.empty() && detect::host_name(detect::without_port(contact.host)) != name)
        std::abort();
    const auto path = inventory::plain_path(contact.path);
    if (!path || (*path != "/mcp" && !path->starts_with("/team/"))) std::abort();
    if (path->find("/../") != std::string::npos || path->find('\\') != std::string::npos)
        std::abort();
    return 0;
}
