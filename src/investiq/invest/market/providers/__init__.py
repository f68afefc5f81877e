"""Sources of prices, one module each, all of the shape `provider.PriceProvider`."""
