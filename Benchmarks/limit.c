/* The limit of a first backup: the work that no backup program with this format's choices can leave out, alone, on the
 * same files, with a thread a core. Every file is opened, read and closed; small ones are gathered in path order, large
 * ones are cut by their content; each chunk gets its HMAC-SHA256, is compressed as Sources/Codec/CompressionPlan.swift
 * would, and sealed by AES-256-GCM; sealed bytes are hashed by packs. Nothing is written, compared, looked up or checked
 * again, and nothing is kept of names and times: what the program does beyond this is what it can still save.
 *
 *   limit DIR [THREADS]      prints one line of JSON: wall and CPU seconds, bytes read, bytes after compression
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fts.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum {
    SMALL = 128 << 10,                 /* below it a file shares a chunk with its neighbours */
    LEAST = 512 << 10, MEAN = 1 << 20, TURN = MEAN - MEAN / 4, MOST = 4 << 20,
    READ = 256 << 10,                  /* a read; what is behind a cut is moved, so not too much */
    SPAN = 64 << 20,                   /* a large file is cut by several threads, in spans of this */
    PACK = 16 << 20,
    PIECES = 16, PIECE = 2048, SAMPLE = PIECES * PIECE,
};
static const double worthwhile = 0.98;

static void stop(const char *what) {
    perror(what);
    exit(1);
}

static void *room(size_t count) {
    void *bytes = aligned_alloc(64, (count + 63) / 64 * 64);
    if (!bytes) stop("memory");
    return bytes;
}

/* ---- The work to share out: spans of large files, the longest first, then groups of small files. */

struct task {
    const char *path;                  /* of a span; NULL for a group */
    off_t from, to;                    /* bytes of the file, or places in `small` */
};
static struct task *tasks;
static size_t task_count;
static struct { const char *path; off_t size; } *small;
static size_t small_count;
static atomic_size_t next_task;

static void add_task(const char *path, off_t from, off_t to) {
    if (task_count % 1024 == 0 && !(tasks = realloc(tasks, (task_count + 1024) * sizeof *tasks))) stop("memory");
    tasks[task_count++] = (struct task){path, from, to};
}

static void add_spans(const char *path, off_t from, off_t to) {
    for (; from < to; from += SPAN) add_task(path, from, to - from < SPAN ? to : from + SPAN);
}

/* Holes are not read: any program can step over them. */
static void add_data(const char *path, const struct stat *info) {
    if (info->st_blocks * 512 >= info->st_size) { add_spans(path, 0, info->st_size); return; }
    int file = open(path, O_RDONLY | O_NOFOLLOW);
    if (file < 0) stop(path);
    off_t start = 0, end = 0;
    while ((start = lseek(file, end, SEEK_DATA)) >= 0 && (end = lseek(file, start, SEEK_HOLE)) > start) add_spans(path, start, end);
    close(file);
}

static void add_small(const char *path, off_t size) {
    if (small_count % 1024 == 0 && !(small = realloc(small, (small_count + 1024) * sizeof *small))) stop("memory");
    small[small_count].path = path;
    small[small_count++].size = size;
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static int longest_first(const void *a, const void *b) {
    const struct task *x = a, *y = b;
    off_t p = x->to - x->from, q = y->to - y->from;
    return (p < q) - (p > q);
}

static void find_files(char *root) {
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk) stop(root);
    for (FTSENT *entry; (entry = fts_read(walk));) {
        if (entry->fts_info != FTS_F || entry->fts_statp->st_size == 0) continue;
        char *path = strdup(entry->fts_path);
        if (entry->fts_statp->st_size < SMALL) add_small(path, entry->fts_statp->st_size);
        else add_data(path, entry->fts_statp);
    }
    fts_close(walk);
}

static void make_tasks(char *root) {
    find_files(root);
    qsort(tasks, task_count, sizeof *tasks, longest_first);
    size_t first = 0;
    off_t total = 0;
    for (size_t i = 0; i < small_count; i++) {
        total += small[i].size;
        if (total < MEAN && i + 1 < small_count) continue;
        add_task(NULL, first, i + 1);
        first = i + 1;
        total = 0;
    }
}

/* ---- A worker: its buffers and contexts, all reused. */

struct worker {
    pthread_t thread;
    uint8_t *plain, *filtered, *sealed, *sample, *trial;
    ZSTD_CCtx *zstd, *planes, *level1, *quick;
    EVP_CIPHER_CTX *seal;
    EVP_MD_CTX *inner, *outer, *hash, *pack;
    size_t in_pack;
    uint64_t chunks, read, stored;
};

static uint64_t gear[512];             /* the table, then the same doubled */
static double weights[PIECE + 1];      /* n log2 n */

static uint64_t mix(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void make_tables(void) {
    uint64_t state = 1;
    for (int i = 0; i < 256; i++) gear[i + 256] = (gear[i] = mix(&state)) << 1;
    for (int n = 1; n <= PIECE; n++) weights[n] = n * log2(n);
}

static ZSTD_CCtx *compressor(int level, const int (*more)[2]) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 22);
    for (; more && (*more)[0]; more++) ZSTD_CCtx_setParameter(context, (*more)[0], (*more)[1]);
    return context;
}

static EVP_MD_CTX *keyed(uint8_t pad) {
    uint8_t block[64];
    memset(block, pad ^ 0x5A, sizeof block);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    EVP_DigestUpdate(context, block, sizeof block);
    return context;
}

static void prepare(struct worker *w) {
    static const int records[][2] = {{ZSTD_c_strategy, ZSTD_dfast}, {ZSTD_c_hashLog, 16}, {ZSTD_c_chainLog, 15}, {ZSTD_c_minMatch, 6}, {0}};
    static const int planes[][2] = {{ZSTD_c_strategy, ZSTD_fast}, {ZSTD_c_hashLog, 8}, {ZSTD_c_minMatch, 7}, {0}};
    static const uint8_t key[32] = {7};
    w->plain = room(MOST + READ);
    w->filtered = room(MOST);
    w->sealed = room(MOST + 16);
    w->sample = room(SAMPLE);
    w->trial = room(2 * SAMPLE);
    w->zstd = compressor(3, records);
    w->planes = compressor(1, planes);
    w->level1 = compressor(1, NULL);
    w->quick = compressor(-5, NULL);
    w->seal = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex2(w->seal, EVP_aes_256_gcm(), key, NULL, NULL);
    w->inner = keyed(0x36);
    w->outer = keyed(0x5C);
    w->hash = EVP_MD_CTX_new();
    w->pack = EVP_MD_CTX_new();
    EVP_DigestInit_ex(w->pack, EVP_sha256(), NULL);
}

/* ---- Whether to compress a chunk, and how: as CompressionPlan.swift and CompressionSample.swift. */

static uint16_t zigzag(const uint8_t *sample) {
    uint16_t now, before;
    memcpy(&now, sample, 2);
    memcpy(&before, sample - 2, 2);
    uint16_t d = now - before;
    return d << 1 ^ (uint16_t)((int16_t)d >> 15);
}

/* The first sample has none before it and stands apart, so that the loop becomes vector code. */
static void split(const uint8_t *restrict plain, size_t samples, uint8_t *restrict low, uint8_t *restrict high) {
    if (samples == 0) return;
    uint8_t first[4] = {0, 0, plain[0], plain[1]};
    uint16_t z = zigzag(first + 2);
    low[0] = z, high[0] = z >> 8;
    for (size_t i = 1; i < samples; i++) {
        z = zigzag(plain + 2 * i);
        low[i] = z, high[i] = z >> 8;
    }
}

static void filter(const uint8_t *plain, size_t count, int lead, uint8_t *out) {
    size_t samples = (count - lead) / 2, tail = lead + 2 * samples;
    if (lead) out[0] = plain[0];
    split(plain + lead, samples, out + lead, out + lead + samples);
    if (tail < count) out[tail] = plain[tail];
}

static double bits(const uint32_t *counts) {
    uint32_t total = 0;
    double sum = 0;
    for (int i = 0; i < 256; i++) {
        total += counts[i];
        sum += counts[i] <= PIECE ? weights[counts[i]] : counts[i] * log2(counts[i]);
    }
    return total ? log2(total) - sum / total : 0;
}

static size_t take_sample(struct worker *w, const uint8_t *plain, size_t count) {
    if (count <= SAMPLE) {
        memcpy(w->sample, plain, count);
        return count;
    }
    size_t part = count / PIECES;
    for (int i = 0; i < PIECES; i++) memcpy(w->sample + i * PIECE, plain + ((i * part + (part - PIECE) / 2) & ~(size_t)1), PIECE);
    return SAMPLE;
}

/* 0 or 1: 16-bit samples seem to start at that byte; -1: there seem to be none. */
static int likely_lead(const uint8_t *sample, size_t count) {
    uint32_t raw[256] = {0}, even[2][256] = {{0}}, odd[2][256] = {{0}};
    for (size_t i = 0; i < count; i++) raw[sample[i]]++;
    for (size_t i = 2; i + 3 <= count; i += 2) {
        uint16_t e = zigzag(sample + i), o = zigzag(sample + i + 1);
        even[0][e & 255]++, even[1][e >> 8]++;
        odd[0][o & 255]++, odd[1][o >> 8]++;
    }
    double e = (bits(even[0]) + bits(even[1])) / 2, o = (bits(odd[0]) + bits(odd[1])) / 2;
    return fmin(e, o) >= 0.92 * bits(raw) ? -1 : e <= o ? 0 : 1;
}

static size_t try_zstd(ZSTD_CCtx *context, const uint8_t *plain, size_t count, uint8_t *out, size_t most) {
    size_t length = ZSTD_compress2(context, out, most, plain, count);
    return ZSTD_isError(length) ? 0 : length;
}

static int filter_helps(struct worker *w, size_t sampled, int lead) {
    size_t count = sampled < SAMPLE / 4 ? sampled : SAMPLE / 4;
    const uint8_t *quarter = w->sample + ((sampled - count) / 2 & ~(size_t)1);
    uint8_t *out = w->trial + SAMPLE;
    filter(quarter, count, lead, w->trial);
    size_t with = try_zstd(w->planes, w->trial, count, out, SAMPLE), without = try_zstd(w->level1, quarter, count, out, SAMPLE);
    return with && with < 0.95 * (without ? without : count);
}

static int is_incompressible(struct worker *w, size_t count) {
    if (count <= 2 * SAMPLE) return 0;
    double kept = 0;
    for (int piece = 0; piece < PIECES; piece++) {
        uint32_t counts[256] = {0};
        for (int i = 0; i < PIECE; i++) counts[w->sample[piece * PIECE + i]]++;
        kept += fmin(1, bits(counts) / 7.91) / PIECES;
    }
    return kept > worthwhile && !try_zstd(w->quick, w->sample, SAMPLE, w->trial, SAMPLE * worthwhile);
}

/* Compresses into `sealed`; 0 when the chunk is to be stored as it is. */
static size_t compress(struct worker *w, const uint8_t *plain, size_t count) {
    size_t most = count * worthwhile;
    if (count < 512) return try_zstd(w->zstd, plain, count, w->sealed, most);
    size_t sampled = take_sample(w, plain, count);
    int lead = likely_lead(w->sample, sampled);
    if (lead < 0 && is_incompressible(w, count)) return 0;
    if (lead < 0 || !filter_helps(w, sampled, lead)) return try_zstd(w->zstd, plain, count, w->sealed, most);
    filter(plain, count, lead, w->filtered);
    return try_zstd(w->planes, w->filtered, count, w->sealed, most);
}

/* ---- One chunk: its id, its compressed form, the seal, the pack's hash. */

static void identify(struct worker *w, const uint8_t *plain, size_t count) {
    uint8_t digest[32];
    EVP_MD_CTX_copy_ex(w->hash, w->inner);
    EVP_DigestUpdate(w->hash, plain, count);
    EVP_DigestFinal_ex(w->hash, digest, NULL);
    EVP_MD_CTX_copy_ex(w->hash, w->outer);
    EVP_DigestUpdate(w->hash, digest, sizeof digest);
    EVP_DigestFinal_ex(w->hash, digest, NULL);
}

static void seal(struct worker *w, const uint8_t *from, size_t count) {
    uint8_t nonce[12] = {0};
    int written;
    memcpy(nonce, &w->chunks, sizeof w->chunks);
    int good = EVP_EncryptInit_ex2(w->seal, NULL, NULL, nonce, NULL) == 1 && EVP_EncryptUpdate(w->seal, w->sealed, &written, from, count) == 1
        && EVP_EncryptFinal_ex(w->seal, w->sealed + count, &written) == 1
        && EVP_CIPHER_CTX_ctrl(w->seal, EVP_CTRL_AEAD_GET_TAG, 16, w->sealed + count) == 1;
    if (!good) stop("AES-256-GCM");
}

static void hash_into_pack(struct worker *w, size_t count) {
    uint8_t digest[32];
    EVP_DigestUpdate(w->pack, w->sealed, count);
    if ((w->in_pack += count) < PACK) return;
    EVP_DigestFinal_ex(w->pack, digest, NULL);
    EVP_DigestInit_ex(w->pack, EVP_sha256(), NULL);
    w->in_pack = 0;
}

static void chunk(struct worker *w, size_t count) {
    identify(w, w->plain, count);
    size_t length = compress(w, w->plain, count);
    seal(w, length ? w->sealed : w->plain, length ? length : count);
    hash_into_pack(w, (length ? length : count) + 16);
    w->chunks++;
    w->read += count;
    w->stored += length ? length : count;
}

/* ---- Cutting: ContentCutter.swift, but able to go on when more bytes are there. */

struct scan { uint64_t hash; size_t at; };

static size_t scan(const uint8_t *bytes, size_t to, uint64_t mask, struct scan *s) {
    uint64_t h = s->hash;
    size_t at = s->at;
    for (; at + 2 <= to; at += 2) {
        h = (h << 2) + gear[256 + bytes[at]];
        if (!(h & mask << 1)) return at + 1;
        h += gear[bytes[at + 1]];
        if (!(h & mask)) return at + 2;
    }
    if (at < to) {
        h = (h << 1) + gear[bytes[at++]];
        if (!(h & mask)) return at;
    }
    *s = (struct scan){h, at};
    return 0;
}

/* The length of the first chunk of what is held, or 0 when more is to be read. */
static size_t edge(const uint8_t *bytes, size_t held, int is_end, struct scan *s) {
    const uint64_t strict = ((UINT64_C(1) << 22) - 1) << 41, loose = ((UINT64_C(1) << 18) - 1) << 45;
    size_t end = held < MOST ? held : MOST, found = 0;
    if (s->at < TURN) found = scan(bytes, end < TURN ? end : TURN, strict, s);
    if (!found && end > TURN) found = scan(bytes, end, loose, s);
    return found ? found : is_end || end == MOST ? end : 0;
}

static void cut_span(struct worker *w, const struct task *task) {
    int file = open(task->path, O_RDONLY | O_NOFOLLOW);
    if (file < 0) stop(task->path);
    struct scan s = {0, LEAST};
    size_t held = 0;
    for (off_t at = task->from; held > 0 || at < task->to;) {
        size_t left = task->to - at;
        ssize_t n = left ? pread(file, w->plain + held, left < READ ? left : READ, at) : 0;
        if (n < 0 || (n == 0 && left)) stop(task->path);
        held += n;
        at += n;
        size_t length = edge(w->plain, held, at == task->to, &s);
        if (!length) continue;
        chunk(w, length);
        memmove(w->plain, w->plain + length, held -= length);
        s = (struct scan){0, LEAST};
    }
    close(file);
}

static void gather(struct worker *w, size_t from, size_t to) {
    size_t held = 0;
    for (size_t i = from; i < to; i++) {
        int file = open(small[i].path, O_RDONLY | O_NOFOLLOW);
        if (file < 0) stop(small[i].path);
        for (ssize_t n; (n = read(file, w->plain + held, SMALL)) > 0;) held += n;
        close(file);
    }
    if (held) chunk(w, held);
}

static void *work(void *argument) {
    struct worker *w = argument;
    prepare(w);
    for (size_t i; (i = atomic_fetch_add(&next_task, 1)) < task_count;) {
        if (tasks[i].path) cut_span(w, &tasks[i]);
        else gather(w, tasks[i].from, tasks[i].to);
    }
    return NULL;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double processor_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: limit DIR [THREADS]\n");
        return 2;
    }
    double start = now();
    int threads = count > 2 ? atoi(arguments[2]) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (threads < 1) threads = 1;
    struct worker *workers = calloc(threads, sizeof *workers), sum = {0};
    make_tables();
    make_tasks(arguments[1]);
    for (int i = 0; i < threads; i++) if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) stop("thread");
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        sum.chunks += workers[i].chunks;
        sum.read += workers[i].read;
        sum.stored += workers[i].stored;
    }
    printf("{\"wall\": %.4f, \"cpu\": %.4f, \"threads\": %d, \"chunks\": %lu, \"read\": %lu, \"stored\": %lu, \"zstd\": \"%s\", \"libcrypto\": \"%s\"}\n",
        now() - start, processor_seconds(), threads, sum.chunks, sum.read, sum.stored, ZSTD_versionString(), OpenSSL_version(OPENSSL_VERSION_STRING));
    return 0;
}
