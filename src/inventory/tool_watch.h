// Tools of many servers, held against each other: who shows whom which definition of what.
//
// Knows nothing of sessions or alerts; told of each list of tools, it says what is odd about it.
// What must outlast the run (the last definition of each tool) is the Store's; the rest fits into a
// bounded memory of what was seen lately.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/batch.h"
#include "inventory/records.h"
#include "inventory/store.h"

namespace umbratap::inventory {

struct ToolWatchLimits {
    std::size_t servers_max = 20'000;                ///< the one that listed longest ago goes first
    std::size_t clients_max = 50'000;                ///< likewise
    std::size_t tools_max = 4'096;                   ///< of a server
    std::size_t client_tools_max = 2'048;            ///< of a client
    std::size_t entries_max = 500'000;               ///< tools of all servers, and of all clients
    Duration split_window = std::chrono::hours(24);  ///< A, B and A again within it is a split view
};

/// Who listed what to whom.
struct ToolList {
    std::string server;          ///< names one server for everybody: see Ledger
    std::string server_version;  ///< of its software; empty where unknown
    Verdict verdict = Verdict::shadow;
    packet::Address client;
    Time time;
    std::vector<ListedTool> tools;
};

/// Something odd about a list.
struct ToolOddity {
    std::string category;  ///< "split-view", "tool-shadowing", "portal-bypass"
    std::string tool;      ///< empty: the whole list
    std::string matched;   ///< in a word: "same-name", "speaks-of", …
    std::string where, excerpt;
    std::map<std::string, std::vector<std::string>> metadata;
    std::string about;  ///< the server that it is about, if not the one that listed
};

class ToolWatch {
public:
    explicit ToolWatch(const ToolWatchLimits& limits) : limits_(limits) {}

    void push(const ToolList& list, Batch<ToolOddity>& out);
    /// What the inventory knew before the run.
    void restore(const std::string& server, Verdict verdict, const std::string& definition);

private:
    /// What somebody was shown, as long as nobody was shown anything else.
    struct View {
        std::string fingerprint, server_version;
        std::vector<packet::Address> clients;  ///< at most 8
        Time first, last;
    };
    struct Server {
        Verdict verdict = Verdict::shadow;
        std::map<std::string, std::deque<View>> views;  ///< by tool; the last 4
        std::map<std::uint64_t, std::size_t> contents;  ///< nameless definitions → their size
        std::vector<std::string> bypassed;  ///< portals that it was already told to go round
        Time last;
    };
    /// Whose tool a client knows under a name.
    struct Known {
        std::string server;
        Verdict verdict = Verdict::shadow;
        std::uint64_t content = 0;
    };
    struct Client {
        std::map<std::string, Known> tools;
        Time last;
    };
    /// A definition without its name: the same under two names is one.
    struct Content {
        std::uint64_t hash = 0;
        std::size_t size = 0;  ///< bytes
    };

    Server& server_of(const ToolList& list);
    Client& client_of(const ToolList& list);
    void forget_server(const std::string& name);
    void make_room_for(const std::string& server);
    void make_room_for_client(const std::string& client);
    void look_for_split(const ToolList& list, const ListedTool& tool, Server& server,
                        Batch<ToolOddity>& out);
    void look_for_shadowing(const ToolList& list, const ListedTool& tool, const Content& content,
                            const Client& client, Batch<ToolOddity>& out) const;
    void look_for_bypass(const ToolList& list, const std::vector<Content>& contents,
                         Batch<ToolOddity>& out);
    void look_at_pair(const std::string& direct, const std::string& portal, bool about_direct,
                      Batch<ToolOddity>& out);
    static Content content_of(const std::string& definition);
    void add_content(const std::string& name, Server& server, const Content& content);

    ToolWatchLimits limits_;
    std::unordered_map<std::string, Server> servers_;
    std::deque<std::pair<std::string, Time>> server_order_;
    std::map<std::string, Client> clients_;  ///< by address
    std::deque<std::string> client_order_;
    std::unordered_map<std::uint64_t, std::vector<std::string>> holders_;  ///< of a content
    std::size_t server_entries_ = 0, client_entries_ = 0;
};

}  // namespace umbratap::inventory
