/* SPDX-License-Identifier: MIT */
/* The life of a snapshot. See session/snapshot.h. */
#include "session/snapshot.h"

#include "closure/closure.h"
#include "loops/loop_detail.h"
#include "process/clock.h"
#include "snapshot/build.h"
#include "snapshot/detail.h"
#include "snapshot/finished.h"
#include "snapshot/graph.h"
#include "snapshot/origin.h"
#include "verdicts/verdicts.h"
#include "view/wanted.h"
#include "waits/chain.h"
#include "waits/threads.h"
#include "waits/waiting.h"

#include <stdlib.h>
#include <string.h>

void snapshot_destroy(struct aiodbg_snapshot *snap)
{
	if (!snap)
		return;
	array_deinit(&snap->interps);
	array_deinit(&snap->threads);
	array_deinit(&snap->tasks);
	array_deinit(&snap->cycles);
	array_deinit(&snap->busy_loops);
	if (snap->loop_list)
		loop_list_deinit(snap->loop_list);
	if (snap->detail)
		detail_deinit(snap->detail);
	if (snap->chain)
		chain_deinit(snap->chain);
	if (snap->waits)
		waits_deinit(snap->waits);
	if (snap->verdicts)
		verdicts_deinit(snap->verdicts);
	if (snap->graph)
		graph_deinit(snap->graph);
	arena_deinit(&snap->arena);
	free(snap);
}

static int decode_waits(struct aiodbg_snapshot *snap, struct decoder *decoder,
			const struct aiodbg_request *request)
{
	bool for_verdicts = request->wants & AIODBG_WANT_VERDICTS;
	struct waiting waiting;
	int status = decoder_alloc(decoder, sizeof(*snap->waits), (void **)&snap->waits);
	if (status)
		return status;
	waiting_init(&waiting, decoder, snap, snap->waits, for_verdicts);
	status = waits_read(&waiting);
	if (!status && for_verdicts)
		status = closure_read(&waiting);
	if (!status)
		status = loops_read(&waiting);
	waiting_deinit(&waiting);
	return status;
}

int snapshot_take(struct aiodbg *dbg, const struct aiodbg_request *request,
		  const struct aiodbg_snapshot *before, struct decoder *decoder,
		  struct aiodbg_snapshot **ret)
{
	struct aiodbg_snapshot *snap = calloc(1, sizeof(*snap));
	if (!snap || !arena_init(&snap->arena)) {
		free(snap);
		return decoder_no_memory(decoder);
	}
	snap->target_kind = dbg->target.kind;
	snap->pid = dbg->target.pid;
	snap->runs_on = dbg->process != NULL;
	snap->has_began = snap->runs_on && clock_now(snap->pid, &snap->began);
	snap->before = before;
	snap->stopped = snap->runs_on && clock_is_stopped(snap->pid);
	decoder->arena = &snap->arena;
	decoder->shows_secrets = request->wants & AIODBG_WANT_SECRETS;
	decoder->value_length = request->value_length;
	if (!snap->runs_on || !clock_began(snap->pid, &decoder->times_from))
		decoder->times_from = 0;
	if (request->own)
		snap->own_patterns = arena_string(&snap->arena, request->own, strlen(request->own));
	int status = build_snapshot(snap, decoder, &dbg->runtime, request);
	if (!status && snap->has_finished)
		status = finished_read_outcomes(decoder, snap);
	if (!status)
		status = loops_read_busy(snap, decoder);
	if (!status && request->wants & AIODBG_WANT_DETAIL)
		status = detail_decode(decoder, snap, request->wants);
	if (!status && request->wants & (AIODBG_WANT_WAITS | AIODBG_WANT_OWN))
		status = origin_find(decoder, snap);
	if (!status && request->wants & AIODBG_WANT_WAITS)
		status = decode_waits(snap, decoder, request);
	if (!status && request->wants & AIODBG_WANT_VERDICTS)
		status = verdicts_decode(snap, decoder);
	if (!status)
		status = wanted_decode(decoder, snap, request);
	if (!status && request->wants & AIODBG_WANT_WAITS && snap->subject)
		status = chain_decode(decoder, snap);
	if (!status && request->wants & AIODBG_WANT_THREADS)
		status = threads_decode(decoder, snap, request);
	if (!status && request->wants & AIODBG_WANT_LOOPS)
		status = loops_decode(decoder, snap, request->loop);
	if (status)
		snapshot_destroy(snap);
	else
		*ret = snap;
	return status;
}
