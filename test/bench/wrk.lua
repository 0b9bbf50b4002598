-- What wrk measured, as one line of JSON; times in microseconds.
done = function(summary, latency)
	local e = summary.errors
	io.write(string.format('{"messages": %d, "rate": %.1f, "p50": %d, ' ..
	    '"p99": %d, "p999": %d, "errors": %d}\n',
	    summary.requests, summary.requests * 1e6 / summary.duration,
	    latency:percentile(50), latency:percentile(99),
	    latency:percentile(99.9),
	    e.connect + e.read + e.write + e.status + e.timeout))
end
