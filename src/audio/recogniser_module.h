/*
 * What a speech recogniser must offer to be used by offhook: a shared object that is opened when
 * the program runs, so that offhook neither links nor needs any recogniser.
 *
 * The object exports `const offhook_recogniser_v1* offhook_recogniser(void)`.
 */
#ifndef OFFHOOK_RECOGNISER_MODULE_H
#define OFFHOOK_RECOGNISER_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OFFHOOK_RECOGNISER_ABI 1
#define OFFHOOK_RECOGNISER_ENTRY "offhook_recogniser"

/* All texts are UTF-8 and end with a zero byte; those written by the module are cut to the space
 * that is there. One decoder is used by one thread at a time; several may be used at once. */
typedef struct offhook_recogniser_v1 {
  int abi;          /* OFFHOOK_RECOGNISER_ABI */
  const char* name; /* For people. */

  /* Makes a decoder. `settings` are lines of name=value: model (folder with the module's own
   * data), narrowband (1 for telephone speech that was sampled at 8 kHz), quick (1: time is worth
   * more than words). Unknown names are to be ignored. Returns NULL and says why in `error`. */
  void* (*open)(const char* settings, char* error, size_t error_size);
  void (*close)(void* decoder);

  /* Writes the words of one utterance (16 kHz, mono) in lower case, or nothing. */
  void (*recognise)(
      void* decoder, const int16_t* samples, size_t count, char* text, size_t text_size);
} offhook_recogniser_v1;

typedef const offhook_recogniser_v1* (*offhook_recogniser_entry)(void);

#ifdef __cplusplus
}
#endif

#endif
