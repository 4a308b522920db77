// One request after the other to one HTTP server, by libcurl. What the server answers is read up to
// a limit, and waited for up to a limit; redirections are not followed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "report/carrier.h"
#include "report/output.h"

namespace umbratap::report {

struct HttpLimits {
    std::size_t answer_bytes_max = 4 << 20;
    std::chrono::seconds connect_wait_max{10}, answer_wait_max{30};
};

struct HttpAnswer {
    std::string trouble;  ///< there is no answer, because of this
    long status = 0;
    std::string body;
};

class HttpPost {
public:
    HttpPost(const Output& output, HttpLimits limits = {});
    ~HttpPost();
    HttpPost(const HttpPost&) = delete;
    HttpPost& operator=(const HttpPost&) = delete;

    /// Sends `body`, gzipped, with `headers` beside those of every request.
    HttpAnswer post(const std::string& url, std::string_view body,
                    const std::vector<std::string>& headers, const Patience& patience);

private:
    struct State;
    std::unique_ptr<State> state_;
    HttpLimits limits_;
};

/// The secret that `output` names, from its file or the environment, without the newline at its
/// end; empty where none is named. Throws SinkError.
std::string read_token(const Output& output);

/// The Authorization header: "user:password" becomes Basic, "Scheme credentials" stays, and
/// anything else gets `scheme` in front.
std::string authorization(const std::string& token, std::string_view scheme);

}  // namespace umbratap::report
