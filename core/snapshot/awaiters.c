/* SPDX-License-Identifier: MIT */
/* From a node to those who await it. See snapshot/awaiters.h. */
#include "snapshot/awaiters.h"

#include "asyncio/callback.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "snapshot/builder.h"
#include "snapshot/decode.h"
#include "snapshot/identity.h"

/* The current node is awaited by what is at addr. */
static int see_awaiter(struct builder *builder, uint64_t addr)
{
	struct future future;
	struct awaiter awaiter = {
		.addr = addr,
		.node = graph_find(builder->graph, addr),
		.source = builder->collector.source,
	};
	int status = 0;
	if (!awaiter.node || builder->changing) {
		status = future_read(builder->decoder, addr, EXPECT_NOTHING, &future);
		awaiter.is_task = future.is_task;
	}
	if (!status && builder->changing) {
		const char *name = NULL;
		if (future.is_task)
			status = future_name(builder->decoder, &future, &name);
		if (!status)
			status = identity_read(builder->decoder, &future, name, &awaiter.identity);
	}
	if (status)
		return status;
	/* Both sources mostly name the same one. A long list is not searched: resolving
	 * joins the two anyhow. */
	struct awaiters *awaiters = &builder->collector.awaiters;
	for (size_t i = 0; i < awaiters->count && i < 8; i++) {
		if (awaiters->items[i].addr == addr) {
			awaiters->items[i].source |= builder->collector.source;
			return 0;
		}
	}
	return array_push(awaiters, awaiter) ? 0 : decoder_no_memory(builder->decoder);
}

/* Links the current node to those who await it. */
int awaiters_link(struct builder *builder)
{
	struct links *links = &builder->graph->links;
	builder->node->first_link = (uint32_t)links->count;
	for (size_t i = 0; i < builder->collector.awaiters.count; i++) {
		const struct awaiter *awaiter = &builder->collector.awaiters.items[i];
		struct link link = {awaiter->node, awaiter->source, awaiter->identity, 0};
		if (awaiter->addr == builder->collector.owner)
			link.group = builder->collector.group;
		builder->graph->has_groups |= link.group != 0;
		int status = link.to ? 0
				     : decode_add_future(builder, awaiter->addr, awaiter->is_task,
							 &link.to);
		if (status)
			return status;
		if (links->count >= LIMIT_EDGES)
			return error_at(&builder->decoder->reader.error, AIODBG_TOO_MUCH,
					builder->node->addr, "more than %d awaiters of all tasks",
					LIMIT_EDGES);
		if (!array_push(links, link))
			return decoder_no_memory(builder->decoder);
	}
	builder->node->link_count = (uint32_t)links->count - builder->node->first_link;
	return 0;
}

/* An awaiter that cannot be read does not cost the others. */
static int pass_over(struct builder *builder, int status)
{
	if (!status || error_is_fatal(status))
		return status;
	if (builder->collector.bad_links++ == 0)
		builder->collector.link_error = builder->decoder->reader.error;
	return builder->collector.bad_links > LIMIT_BAD_AWAITERS ? status : 0;
}

static int see_awaiters(struct builder *builder)
{
	int status = 0;
	for (size_t i = 0; i < builder->collector.unseen_count; i++)
		addrmap_prefetch(&builder->graph->index, builder->collector.unseen[i]);
	for (size_t i = 0; !status && i < builder->collector.unseen_count; i++)
		status = pass_over(builder, see_awaiter(builder, builder->collector.unseen[i]));
	builder->collector.unseen_count = 0;
	return status;
}

static int visit_awaiter(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct builder *builder = arg;
	(void)decoder;
	builder->collector.last = addr;
	builder->collector.unseen[builder->collector.unseen_count++] = addr;
	return builder->collector.unseen_count == TOGETHER ? see_awaiters(builder) : 0;
}

static int visit_callback(struct decoder *decoder, uint64_t addr, void *arg)
{
	struct collector *collector = &((struct builder *)arg)->collector;
	uint64_t group;
	collector->last = 0;
	int status = callback_visit(decoder, addr, &group, visit_awaiter, arg);
	if (!status && group && collector->last) {
		collector->group = group;
		collector->owner = collector->last;
	}
	return pass_over(arg, status);
}

/* What a source says in the end, and those that it has named and were not yet looked up. */
static int end_source(struct builder *builder, int status)
{
	status = pass_over(builder, status);
	return error_is_fatal(status) ? status : see_awaiters(builder);
}

/* Collects who awaits the current node. */
int awaiters_read(struct builder *builder, const struct future *future)
{
	struct decoder *decoder = builder->decoder;
	builder->collector.awaiters.count = 0;
	builder->collector.unseen_count = 0;
	builder->collector.bad_links = 0;
	builder->collector.owner = builder->collector.group = 0;
	builder->collector.source = AIODBG_SOURCE_AWAITED_BY;
	int status = future_visit_awaited_by(decoder, future, visit_awaiter, builder);
	status = end_source(builder, status);
	if (error_is_fatal(status))
		return status;
	/* Each source may have as many. */
	builder->collector.bad_links = builder->collector.bad_links != 0;
	builder->collector.source = AIODBG_SOURCE_CALLBACK;
	status = future_visit_callbacks(decoder, future, visit_callback, builder);
	status = end_source(builder, status);
	if (error_is_fatal(status) || !builder->collector.bad_links)
		return status;
	decoder->reader.error = builder->collector.link_error;
	return builder->collector.link_error.code;
}
