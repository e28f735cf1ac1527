# Fay–Herriot is a random-effects meta-regression with known sampling variances: metafor.
# Run in scripts/; writes ../numbers/fay_herriot.json from counties of apipop and invented areas.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
fit <- function(y, d, x = NULL) {
  m <- if (is.null(x)) rma(y, d, method = "REML", control = list(threshold = 1e-14, maxiter = 10000)) else
    rma(y, d, mods = x, method = "REML", control = list(threshold = 1e-14, maxiter = 10000))
  b <- blup(m)
  list(y = y, d = d, x = x, tau2 = m$tau2, beta = as.numeric(m$beta), se = m$se, shrunk = b$pred, root_g1_g2 = b$se)
}
set.seed(3); d1 <- round(runif(12, .3, 6), 3); y1 <- round(60 + rnorm(12, 0, 2) + rnorm(12, 0, sqrt(d1)), 3)
p <- read.csv("../data/apistrat.csv")
t <- aggregate(cbind(api00, meals) ~ cname, p, mean); v <- aggregate(api00 ~ cname, p, var); n <- aggregate(api00 ~ cname, p, length)
k <- n$api00 >= 4; pooled <- mean(v$api00[k])
out <- list(metafor = as.character(packageVersion("metafor")), areas = fit(y1, d1),
            counties = fit(round(t$api00[k], 4), round(pooled / n$api00[k], 4), round(t$meals[k], 4)),
            alike = fit(c(60.1, 60.0, 60.2, 59.9, 60.05), c(4, 3, 5, 4, 2)))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "../numbers/fay_herriot.json")
