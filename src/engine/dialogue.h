// Heads and texts of one connection become sightings: the pre-filter says "perhaps", the decoder
// reads, rules weigh.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/batch.h"
#include "engine/fate.h"
#include "engine/tools.h"
#include "http/items.h"
#include "inventory/sighting.h"

namespace umbratap::engine {

/// What surrounds the connection: given by those who took its wrappers off.
struct Surroundings {
    std::shared_ptr<const inventory::Flow> flow;
    std::uint64_t connection = 0;  ///< number within the run
    inventory::TlsView tls;
    std::optional<inventory::Proxy> proxy;
    std::string tunnel_authority;
    bool reversed = false;  ///< directions of items are the wrong way round
};

class Dialogue {
public:
    explicit Dialogue(Tools& tools) : tools_(&tools) {}

    /// Appends what `item` shows. Returns what was wrong with a text.
    Problem push(http::Item&& item, const Surroundings& around, Batch<inventory::Sighting>& out);
    /// The connection is over.
    void finish(const Surroundings& around, Time time, std::uint64_t packet_number,
                Batch<inventory::Sighting>& out);

private:
    struct Open {
        std::shared_ptr<inventory::Exchange> exchange;  // changed only while nobody shares it
        bool head_inspected = false;
        bool has_sign = false;  ///< its heads say something by themselves
        bool of_interest =
            false;  ///< MCP was seen in its heads or texts, or http events are wanted
        std::unique_ptr<detect::Prefilter::Scanner::Stream> long_text[2];
        bool long_text_told = false;
    };

    Problem on(http::Head&& head, const Surroundings& around, Batch<inventory::Sighting>& out);
    Problem on(const http::Text& text, const Surroundings& around, Batch<inventory::Sighting>& out);
    Problem on(const http::ExchangeEnd& end, const Surroundings& around,
               Batch<inventory::Sighting>& out);
    Problem on(const http::Tunnelled&, const Surroundings&, Batch<inventory::Sighting>&) {
        return no_problem;
    }

    Open& open(http::ExchangeId id, const Surroundings& around);
    static inventory::Exchange& unshared(Open& open);
    /// What the message says that an analyst should see.
    Problem inspect(Open& open, std::size_t number, inventory::MessageSighting& sighting);
    /// What the heads say by themselves, once all is known that will be of them.
    void find_signs(Open& open, Time time, std::uint64_t packet_number,
                    Batch<inventory::Sighting>& out);
    /// MCP servers that a text of another protocol names.
    void find_mentions(const Open& open, const http::Text& text, http::Direction direction,
                       Batch<inventory::Sighting>& out);
    void scan_long_text(Open& open, const http::Text& text, std::size_t side,
                        Batch<inventory::Sighting>& out);

    Tools* tools_;
    std::unordered_map<http::ExchangeId, Open> open_;
    http::ExchangeId newest_ = 0;
};

}  // namespace umbratap::engine
