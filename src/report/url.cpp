// A URL as events may tell it.
#include "report/url.h"

#include <algorithm>

namespace umbratap::report {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Compared in lower case and without '-', '_' and '.', so that "X-Amz-Signature", "apiKey" and
// "access_token" are held. What merely ends so counts as well ("githubtoken"); "sessionId" is no
// credential by itself, and correlates.
constexpr std::string_view credential_names[] = {
    "token",      "apikey",      "secret",          "password",    "passwd",
    "credential", "credentials", "signature",       "jwt",         "authorization",
    "accesskey",  "privatekey",  "clientassertion", "samlresponse"};
constexpr std::string_view whole_credential_names[] = {"key",  "auth", "sig",   "pwd",
                                                       "pass", "code", "bearer"};

bool names_credential(std::string_view name) {
    std::string plain;
    for (char c : name.substr(0, 64)) {
        if (c != '-' && c != '_' && c != '.') plain += lower(c);
    }
    return std::any_of(std::begin(credential_names), std::end(credential_names),
                       [&](std::string_view word) { return plain.ends_with(word); }) ||
           std::any_of(std::begin(whole_credential_names), std::end(whole_credential_names),
                       [&](std::string_view word) { return plain == word; });
}

}  // namespace

std::string without_credentials(std::string_view url) {
    std::string out;
    out.reserve(url.size());
    // Authority: "scheme://user:password@host". The last '@' before the path counts (RFC
    // 3986, 3.2).
    if (const std::size_t scheme = url.find("://"); scheme < 32) {
        const std::size_t begin = scheme + 3;
        const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
        const std::size_t at = url.substr(begin, end - begin).rfind('@');
        const std::size_t colon = url.substr(begin, end - begin).find(':');
        if (at != url.npos && colon < at) {
            out += url.substr(0, begin + colon + 1);
            out += "***";
            url.remove_prefix(begin + at);
        }
    }
    // Query, and a fragment that looks like one (OAuth's implicit grant).
    const std::size_t query = std::min(url.find_first_of("?#"), url.size());
    out += url.substr(0, query);
    url.remove_prefix(query);
    while (!url.empty()) {
        out += url[0];  // one of ? # & ;
        url.remove_prefix(1);
        const std::size_t end = std::min(url.find_first_of("?#&;"), url.size());
        const std::string_view parameter = url.substr(0, end);
        const std::size_t equals = parameter.find('=');
        if (equals != parameter.npos && equals + 1 < parameter.size() &&
            names_credential(parameter.substr(0, equals))) {
            out += parameter.substr(0, equals + 1);
            out += "***";
        } else {
            out += parameter;
        }
        url.remove_prefix(end);
    }
    return out;
}

std::string host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        authority = authority.substr(1, authority.find(']') - 1);
    } else if (const std::size_t colon = authority.find(':');
               colon != authority.npos && authority.find(':', colon + 1) == authority.npos) {
        authority = authority.substr(0, colon);
    }
    if (authority.ends_with('.')) authority.remove_suffix(1);
    std::string host(authority);
    std::transform(host.begin(), host.end(), host.begin(), lower);
    return host;
}

}  // namespace umbratap::report
