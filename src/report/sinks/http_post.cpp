// One request after the other to one HTTP server.
#include "report/sinks/http_post.h"

#include <curl/curl.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/gzip.h"
#include "base/library.h"
#include "report/sinks/sinks.h"

namespace umbratap::report {

namespace {

constexpr std::size_t token_bytes_max = 64 << 10;

/// libcurl, opened when the first output asks for it.
struct Curl {
    const Library library{"libcurl.so.4", "libcurl4"};
    decltype(::curl_easy_init)* easy_init = library.find("curl_easy_init");
    decltype(::curl_easy_cleanup)* easy_cleanup = library.find("curl_easy_cleanup");
    decltype(::curl_easy_setopt)* easy_setopt = library.find("curl_easy_setopt");
    decltype(::curl_easy_perform)* easy_perform = library.find("curl_easy_perform");
    decltype(::curl_easy_getinfo)* easy_getinfo = library.find("curl_easy_getinfo");
    decltype(::curl_easy_strerror)* easy_strerror = library.find("curl_easy_strerror");
    decltype(::curl_slist_append)* slist_append = library.find("curl_slist_append");
    decltype(::curl_slist_free_all)* slist_free_all = library.find("curl_slist_free_all");

    Curl() {
        decltype(::curl_global_init)* const global_init = library.find("curl_global_init");
        global_init(CURL_GLOBAL_DEFAULT);
    }
    static const Curl& get() {
        static const Curl one;
        return one;
    }
};

/// What a transfer needs to know while it runs.
struct Transfer {
    HttpAnswer answer;
    std::size_t answer_bytes_max = 0;
    const Patience* patience = nullptr;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    if (transfer.answer.body.size() + size > transfer.answer_bytes_max) {
        transfer.answer.trouble = "the answer is longer than any that makes sense";
        return 0;
    }
    transfer.answer.body.append(bytes, size);
    return size;
}

int go_on(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(context)->patience->over() ? 1 : 0;
}

std::string base64(std::string_view bytes) {
    constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            three = three << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j <= bytes.size() ? letters[three >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

}  // namespace

struct HttpPost::State {
    explicit State(const Curl& opened) : library(&opened) {}

    const Curl* library;
    CURL* curl = nullptr;
    char trouble[CURL_ERROR_SIZE] = {};
};

HttpPost::HttpPost(const Output& output, HttpLimits limits)
    : state_(std::make_unique<State>(opened_for<Curl>(output))), limits_(limits) {
    CURL* const curl = state_->curl = state_->library->easy_init();
    if (curl == nullptr) throw SinkError("output " + output.to + ": libcurl does not start");
    const auto set = state_->library->easy_setopt;
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_ERRORBUFFER, state_->trouble);
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_USERAGENT, "umbratap/" UMBRATAP_VERSION);
    set(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    set(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.connect_wait_max.count()));
    set(curl, CURLOPT_TIMEOUT, static_cast<long>(limits.answer_wait_max.count()));
    set(curl, CURLOPT_WRITEFUNCTION, take_body);
    set(curl, CURLOPT_XFERINFOFUNCTION, go_on);
    set(curl, CURLOPT_NOPROGRESS, 0L);
    set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    const auto text = [&](CURLoption option, const std::string& value) {
        if (!value.empty()) set(curl, option, value.c_str());
    };
    text(CURLOPT_CAINFO, output.tls.ca);
    text(CURLOPT_SSLCERT, output.tls.certificate);
    text(CURLOPT_SSLKEY, output.tls.key.empty() ? output.tls.certificate : output.tls.key);
}

HttpPost::~HttpPost() {
    state_->library->easy_cleanup(state_->curl);
}

HttpAnswer HttpPost::post(const std::string& url, std::string_view body,
                          const std::vector<std::string>& headers, const Patience& patience) {
    const Curl& library = *state_->library;
    const auto set = library.easy_setopt;
    CURL* const curl = state_->curl;
    const std::string packed = gzip(body);
    curl_slist* list = nullptr;
    const auto add = [&](const char* header) { list = library.slist_append(list, header); };
    add("Content-Encoding: gzip");
    add("Expect:");
    for (const std::string& header : headers) add(header.c_str());
    Transfer transfer{{}, limits_.answer_bytes_max, &patience};
    set(curl, CURLOPT_URL, url.c_str());
    set(curl, CURLOPT_POST, 1L);
    set(curl, CURLOPT_POSTFIELDS, packed.data());
    set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(packed.size()));
    set(curl, CURLOPT_HTTPHEADER, list);
    set(curl, CURLOPT_WRITEDATA, &transfer);
    set(curl, CURLOPT_XFERINFODATA, &transfer);
    state_->trouble[0] = '\0';
    const CURLcode code = library.easy_perform(curl);
    library.slist_free_all(list);
    library.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    if (code != CURLE_OK && transfer.answer.trouble.empty())
        transfer.answer.trouble =
            state_->trouble[0] != '\0' ? state_->trouble : library.easy_strerror(code);
    return std::move(transfer.answer);
}

std::string read_token(const Output& output) {
    const auto refuse = [&](const std::string& what) {
        throw SinkError("output " + output.to + ": " + what);
    };
    std::string token;
    if (!output.token_file.empty()) {
        std::ifstream in(output.token_file, std::ios::binary);
        if (!in) refuse("the token file " + output.token_file + " cannot be read");
        token.resize(token_bytes_max);
        in.read(token.data(), static_cast<std::streamsize>(token.size()));
        token.resize(static_cast<std::size_t>(in.gcount()));
    } else if (!output.token_environment.empty()) {
        const char* value = std::getenv(output.token_environment.c_str());
        if (value == nullptr) refuse("$" + output.token_environment + " is not set");
        token = value;
    }
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.find_first_of("\r\n") != std::string::npos) refuse("the token is not one line");
    return token;
}

std::string authorization(const std::string& token, std::string_view scheme) {
    std::string header = "Authorization: ";
    if (token.find(' ') != std::string::npos) return header + token;
    if (token.find(':') != std::string::npos) return header + "Basic " + base64(token);
    return header + std::string(scheme) + ' ' + token;
}

}  // namespace umbratap::report
