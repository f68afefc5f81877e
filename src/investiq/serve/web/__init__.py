"""The console in the browser: analysis, trading and operations. One stateless process that speaks HTTP only."""
