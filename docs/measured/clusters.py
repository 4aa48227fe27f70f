"""What k-means reaches where a competitive layer does."""

from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from nnzoo import create_data


def kmeans_distance(seed: int) -> float:
    """Return the ``centroid_distance`` of k-means with 10 starts."""
    points = create_data("gaussian_clusters", seed=seed).points
    found = KMeans(5, n_init=10, random_state=seed).fit(points.x.numpy()).cluster_centers_
    distances = cdist(found, points.centroids.numpy())
    return float(distances[linear_sum_assignment(distances)].mean())
